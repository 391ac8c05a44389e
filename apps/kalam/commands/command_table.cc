#include "commands/actions.h"
#include "commands/command.h"
#include "commands/shell.h"

#include <algorithm>

namespace kalam::cli {

namespace {

constexpr std::size_t kHelpColumn = 34;

Next Quit(Shell&, std::string_view) { return Next::kLeave; }

Next Help(Shell& shell, std::string_view) {
  shell.Say(HelpText());
  return Next::kContinue;
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

}  // namespace

std::span<const Command> Commands() {
  using namespace commands;  // NOLINT: the actions, one line each
  static const std::vector<Command> table = {
      {"General", "\\help", {"\\?"}, "", "This list", Help},
      {"General", "\\quit", {"\\q"}, "", "Leave (also Ctrl+D)", Quit},
      {"General", "\\history", {}, "[clear]", "The statements entered so far, or forget them", History},
      {"Connection", "\\connect", {"\\c"}, "<url> | -h URL -u USER --token T", "Switch to another server or user",
       Connect},
      {"Connection", "\\config", {}, "", "Server, user, kind of authentication, output", ShowConfig},
      {"Connection", "\\health", {}, "", "How the server is", ShowHealth},
      {"Tables", "\\dt", {"\\tables"}, "[namespace]", "Tables", ListTables},
      {"Tables", "\\d", {"\\describe"}, "<table>", "The columns of a table", DescribeTable},
      {"Tables", "\\l", {"\\dn"}, "", "Namespaces", ListNamespaces},
      {"Tables", "\\refresh-tables", {}, "", "Read the names for completion again", RefreshTables},
      {"Server", "\\du", {}, "", "Users and their roles", ListUsers},
      {"Server", "\\jobs", {}, "", "The newest jobs", ListJobs},
      {"Server", "\\live", {}, "", "Live queries that are open", ListLiveQueries},
      {"Server", "\\flush", {}, "", "Write all tables to cold storage (FLUSH ALL TABLES)", FlushAll},
      {"Live queries", "\\subscribe", {}, "<query>", "Show how the result of a SELECT changes", Subscribe},
      {"Live queries", "\\watch", {}, "<query> | [seconds]", "Subscribe to a query, or repeat the last statement",
       WatchStatement},
      {"Live queries", "\\pause", {}, "", "Hold the display of the subscription; nothing is lost", Pause},
      {"Live queries", "\\continue", {}, "", "Show what came meanwhile, and go on", Continue},
      {"Live queries", "\\unsubscribe", {}, "", "End the subscription (also Ctrl+C)", Unsubscribe},
      {"Output", "\\format", {}, "table|json|csv|ndjson", "How results are printed", SetFormat},
      {"Output", "\\x", {}, "[on|off|auto]", "One line per column; auto: where a table is too wide", SetExpanded},
      {"Output", "\\timing", {}, "[on|off]", "Print how long statements took", SetTiming},
      {"Output", "\\o", {}, "[FILE]", "Write results to a file; without one, to the screen again", SetOutputFile},
      {"Statements", "\\i", {}, "FILE", "Run the statements of a file", IncludeFile},
      {"Statements", "\\set", {}, "[NAME VALUE]", "Set a variable, used as :NAME, :'NAME' or :\"NAME\"", SetVariable},
      {"Statements", "\\unset", {}, "NAME", "Forget a variable", UnsetVariable},
      {"Statements", "\\e", {}, "", "Edit the last statement in $EDITOR and run it", EditStatement},
  };
  return table;
}

const Command* FindCommand(std::string_view name) {
  for (const Command& command : Commands()) {
    if (command.name == name || std::ranges::find(command.aliases, name) != command.aliases.end()) return &command;
  }
  return nullptr;
}

Next RunBackslash(Shell& shell, std::string_view line) {
  line = Trimmed(line);
  const std::string_view name = line.substr(0, line.find_first_of(" \t;"));
  std::string_view argument = Trimmed(line.substr(name.size()));
  while (argument.ends_with(';')) argument = Trimmed(argument.substr(0, argument.size() - 1));
  const Command* const command = FindCommand(name);
  if (command == nullptr) {
    shell.Say("Unknown command: " + std::string(name) + ". Type \\help for help.\n");
    shell.Note(ExitCode::kUsage);
    return Next::kContinue;
  }
  const Next next = command->run(shell, argument);
  shell.session().printer().Flush();
  return next;
}

std::string HelpText() {
  std::string text = "Statements end with ';' and may span lines. Commands need no ';'.\n";
  std::string_view group;
  for (const Command& command : Commands()) {
    if (command.group != group) {
      group = command.group;
      text += "\n" + std::string(group) + "\n";
    }
    std::string usage = "  " + std::string(command.name);
    for (const std::string_view alias : command.aliases) usage += ", " + std::string(alias);
    if (!command.arguments.empty()) usage += " " + std::string(command.arguments);
    // What does not fit beside the explanations pushes its own to the next line.
    if (usage.size() + 2 > kHelpColumn) {
      text += usage + "\n";
      usage.clear();
    }
    usage.resize(kHelpColumn, ' ');
    text += usage + std::string(command.help) + "\n";
  }
  text += "\nA query that takes longer than 200 ms shows how long it has been running; Ctrl+C cancels it.\n";
  return text;
}

std::vector<std::string> WordsOf(std::string_view argument) {
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  for (const char c : argument) {
    if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        words.back().push_back(c);
      }
      continue;
    }
    if (c == ' ' || c == '\t') {
      in_word = false;
      continue;
    }
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == '\'' || c == '"') {
      quote = c;
    } else {
      words.back().push_back(c);
    }
  }
  return words;
}

}  // namespace kalam::cli
