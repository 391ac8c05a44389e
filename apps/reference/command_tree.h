#pragma once

#include <string>
#include <vector>

#include <CLI/App.hpp>

namespace kalam::reference {

struct Flag {
  std::vector<std::string> names;    // "-c", "--command"
  std::string value;                 // "TEXT", "FILE", ...; empty: a switch
  bool value_optional = false;       // only as --name=VALUE
  std::vector<std::string> choices;  // the values there are; empty: anything
  std::string description;           // with the default and the range
};

struct Argument {
  std::string name;
  std::string value;
  std::string description;
  bool required = false;
};

// What one program or subcommand takes: plain data, in the order of --help.
struct Command {
  std::string name;
  std::string description;
  std::string footer;
  std::vector<Flag> flags;
  std::vector<Argument> arguments;
  std::vector<Command> subcommands;
};

// The parser's own description as data, so that no page or completion can say something else than the parser does.
Command ReadCommand(const CLI::App& app);

}  // namespace kalam::reference
