#pragma once

#include "exit_code.h"
#include "printer.h"
#include "variables.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <kalam/client.h>

namespace kalam::cli {

enum class Numbering { kPlain, kNumbered };
enum class OnError { kStop, kContinue };

// What became of a command in a script.
struct ScriptStep {
  ExitCode code = ExitCode::kOk;
  bool leave = false;
};

struct ScriptOptions {
  Numbering numbering = Numbering::kPlain;
  OnError on_error = OnError::kStop;
  // Runs a backslash command; absent: they are left out.
  std::function<ScriptStep(std::string_view line)> run_command = {};
};

// Runs SQL on one server and prints what it says: the ways of doing so that need no terminal.
class Session {
 public:
  Session(Client client, Printer* printer) : client_(std::move(client)), printer_(printer) {}

  // `-c`: the whole text in one request. SUBSCRIBE TO at its end shows the live query.
  ExitCode RunCommand(std::string_view sql);

  // A file or standard input: statement by statement (a transaction as a whole), and a line that begins with a
  // backslash between statements as a command. kNumbered prints the lines of a batch file, kPlain each result as `-c`
  // would (the next statement runs when a live query has ended). Gives the status of the first failure.
  ExitCode RunScript(std::string_view text, const ScriptOptions& options);

  // For everything this runs.
  Variables& variables() { return variables_; }

  // Shows a live query until it ends or Ctrl+C: a SELECT, or SUBSCRIBE TO with its options.
  ExitCode Follow(std::string_view query);

  // Another server or user from now on.
  void Switch(Client client) { client_ = std::move(client); }

  // \quit was given while a live query was shown.
  bool leaving() const { return leaving_; }

  const Client& client() const { return client_; }
  Printer& printer() { return *printer_; }

 private:
  // The last statement was SUBSCRIBE TO: its live query is shown until it ends or Ctrl+C.
  ExitCode PrintOrFollow(const Response& response);

  ExitCode Show(const std::string& sql, const SubscribeOptions& options);

  struct ScriptRun {
    const ScriptOptions& options;
    std::size_t done = 0;    // statements
    std::size_t failed = 0;  // requests; more than one only with OnError::kContinue
    ExitCode code = ExitCode::kOk;
    bool stopped = false;
  };
  static void Note(ExitCode code, ScriptRun* run);
  void RunPiece(std::string_view piece, ScriptRun* run);
  void RunGroup(const std::string& sql, std::size_t count, ScriptRun* run);

  Client client_;
  Printer* printer_;
  Variables variables_;
  bool shows_live_ = false;
  bool leaving_ = false;
};

}  // namespace kalam::cli
