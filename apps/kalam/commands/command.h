#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cli {

class Shell;

// What the prompt does after a command.
enum class Next : std::uint8_t { kContinue, kLeave };

// A backslash command. All texts are constants; `run` gets what follows the name, without the blanks around it and
// without a ';' at its end.
struct Command {
  std::string_view group;  // the heading in \help
  std::string_view name;   // with its backslash
  std::vector<std::string_view> aliases;
  std::string_view arguments;  // as \help shows them; empty: none
  std::string_view help;       // one line
  Next (*run)(Shell& shell, std::string_view argument);
};

// All commands, in the order of \help. Completion reads the names here.
std::span<const Command> Commands();

// By name or alias, backslash included; null: there is none of that name.
const Command* FindCommand(std::string_view name);

// Runs the command that a line (starting with a backslash) is, or says that there is none.
Next RunBackslash(Shell& shell, std::string_view line);

// What \help prints.
std::string HelpText();

// The words of a command's argument, separated by blanks; 'single' and "double" quotes keep blanks.
std::vector<std::string> WordsOf(std::string_view argument);

}  // namespace kalam::cli
