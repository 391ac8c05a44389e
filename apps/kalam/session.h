#pragma once

#include "exit_code.h"
#include "printer.h"

#include <string>
#include <string_view>
#include <vector>

#include <kalam/client.h>

namespace kalam::cli {

// Runs SQL on one server and prints what it says: the ways of doing so that need no terminal.
class Session {
 public:
  Session(Client client, Printer* printer) : client_(std::move(client)), printer_(printer) {}

  // `-c`: the whole text in one request. SUBSCRIBE TO at its end shows the live query.
  ExitCode RunCommand(std::string_view sql);

  enum class Numbering { kPlain, kNumbered };
  // A file or standard input: statement by statement (a transaction as a whole), until the first
  // error. kNumbered prints the lines of a batch file, kPlain each result as `-c` would (the next statement runs when
  // a live query has ended).
  ExitCode RunScript(std::string_view sql, Numbering numbering);

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

  Client client_;
  Printer* printer_;
  bool shows_live_ = false;
  bool leaving_ = false;
};

}  // namespace kalam::cli
