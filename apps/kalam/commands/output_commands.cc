#include "commands/actions.h"
#include "commands/shell.h"

#include <cerrno>
#include <cstring>

namespace kalam::cli::commands {

namespace {

// on, off, or nothing, which means the other one.
std::optional<bool> SwitchIn(std::string_view argument, bool now) {
  if (argument.empty()) return !now;
  if (argument == "on" || argument == "true") return true;
  if (argument == "off" || argument == "false") return false;
  return std::nullopt;
}

}  // namespace

Next SetFormat(Shell& shell, std::string_view argument) {
  const auto format = FormatNamed(argument);
  if (!format) {
    shell.Say("Usage: \\format table|json|csv|ndjson\n");
    return Next::kContinue;
  }
  shell.style().format = *format;
  shell.Say("Output format: " + std::string(argument) + "\n");
  return Next::kContinue;
}

Next SetExpanded(Shell& shell, std::string_view argument) {
  Expanded& expanded = shell.style().expanded;
  if (argument == "auto") {
    expanded = Expanded::kAuto;
    shell.Say("Expanded display is used automatically.\n");
    return Next::kContinue;
  }
  const auto on = SwitchIn(argument, expanded == Expanded::kOn);
  if (!on) {
    shell.Say("Usage: \\x [on|off|auto]\n");
    return Next::kContinue;
  }
  expanded = *on ? Expanded::kOn : Expanded::kOff;
  shell.Say(*on ? "Expanded display is on.\n" : "Expanded display is off.\n");
  return Next::kContinue;
}

Next SetTiming(Shell& shell, std::string_view argument) {
  const auto on = SwitchIn(argument, shell.style().timing);
  if (!on) {
    shell.Say("Usage: \\timing [on|off]\n");
    return Next::kContinue;
  }
  shell.style().timing = *on;
  shell.Say(*on ? "Timing is on.\n" : "Timing is off.\n");
  return Next::kContinue;
}

Next SetOutputFile(Shell& shell, std::string_view argument) {
  const auto words = WordsOf(argument);
  if (words.size() > 1) {
    shell.Say("Usage: \\o [FILE]\n");
    return Next::kContinue;
  }
  if (!shell.SendOutputTo(words.empty() ? std::string() : words.front())) {
    shell.Failed(UsageError("cannot write " + words.front() + ": " + std::strerror(errno)));
  }
  return Next::kContinue;
}

}  // namespace kalam::cli::commands
