#pragma once

#include "session.h"
#include "settings.h"

#include <cstdio>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace kalam::cli {

// What the backslash commands work on: the session, and what belongs to a prompt only. One thread.
class Shell {
 public:
  Shell(Session* session, Settings settings) : session_(*session), settings_(std::move(settings)) {}

  Session& session() { return session_; }
  const Settings& settings() const { return settings_; }
  OutputStyle& style() { return session_.printer().style(); }

  // Runs one request and prints its answer; remembers it as the last statement.
  ExitCode Run(std::string_view sql);
  // Runs a script, commands included.
  ExitCode RunScript(std::string_view text, Numbering numbering = Numbering::kPlain);
  void set_on_error(OnError on_error) { on_error_ = on_error; }
  // A command failed: what a script that runs it goes by.
  void Failed(const Error& error);
  void Note(ExitCode code) { command_status_ = code; }
  const std::string& last_statement() const { return last_statement_; }

  // Switches to what `settings` say, once that server has answered and takes the credentials. Failed: an error, and
  // all stays as it was.
  Result<HealthStatus> Connect(Settings settings);

  // Says something to the person at the terminal, wherever results go. Escapes nothing.
  void Say(std::string_view text);

  // Results go to this file from now on; empty: to the screen again. False, with errno, if it can't be opened.
  bool SendOutputTo(const std::string& path);

  // Plugged in by the line editor; absent without one.
  std::function<void()> refresh_names;     // read the names for completion anew, in the background
  std::function<void()> clear_history;     // forget all, on disk too
  std::function<std::string()> history;    // all entries, one a line
  std::function<void(bool)> show_online;   // how the prompt shows the server

 private:
  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  Session& session_;
  Settings settings_;
  OnError on_error_ = OnError::kStop;
  ExitCode command_status_ = ExitCode::kOk;
  int depth_ = 0;  // of scripts that include scripts
  std::string last_statement_;
  OutputStyle screen_style_;  // while results go to a file
  std::unique_ptr<std::FILE, CloseFile> file_;
  std::unique_ptr<TextSink> file_sink_;  // before file_ in destruction
};

}  // namespace kalam::cli
