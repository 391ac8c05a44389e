#include <algorithm>
#include <sstream>

#include "pages.h"

namespace kalam::reference {
namespace {

std::string Join(const std::vector<std::string>& words, std::string_view by) {
  std::string all;
  for (const std::string& word : words) {
    if (!all.empty()) all += by;
    all += word;
  }
  return all;
}

std::vector<std::string> SubcommandNames(const Command& command) {
  std::vector<std::string> names;
  for (const Command& sub : command.subcommands) names.push_back(sub.name);
  return names;
}

std::vector<std::string> FlagNames(const Command& command) {
  std::vector<std::string> names;
  for (const Flag& flag : command.flags) names.insert(names.end(), flag.names.begin(), flag.names.end());
  return names;
}

// All flags, those of subcommands too; one that several have comes once.
std::vector<Flag> AllFlags(const Command& command) {
  std::vector<Flag> all = command.flags;
  for (const Command& sub : command.subcommands) {
    for (const Flag& flag : sub.flags) {
      const bool known =
          std::any_of(all.begin(), all.end(), [&](const Flag& other) { return other.names == flag.names; });
      if (!known) all.push_back(flag);
    }
  }
  return all;
}

std::string Identifier(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return "_" + name;
}

bool TakesFile(const Command& command) {
  return std::any_of(command.arguments.begin(), command.arguments.end(),
                     [](const Argument& argument) { return argument.value == "FILE"; });
}

// Between single quotes, in the three shells.
std::string Quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

// _arguments reads brackets and colons itself.
std::string ZshText(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\') out += '\\';
    out += c == '\'' ? "'\\''" : std::string(1, c);
  }
  return out;
}

std::string ZshAction(const Flag& flag) {
  if (flag.value.empty()) return "";
  const std::string optional = flag.value_optional ? "::" : ":";
  std::string value = flag.value;
  std::transform(value.begin(), value.end(), value.begin(), [](char c) { return c == ':' ? ' ' : c; });
  if (!flag.choices.empty()) return optional + value + ":(" + Join(flag.choices, " ") + ")";
  return optional + value + ":" + (flag.value == "FILE" ? "_files" : flag.value == "FOLDER" ? "_files -/" : " ");
}

void ZshFlags(std::ostringstream& out, const Command& command, std::string_view indent) {
  for (const Flag& flag : command.flags) {
    for (const std::string& name : flag.names) {
      const bool is_long = name.starts_with("--");
      out << indent << "'(" << Join(flag.names, " ") << ")" << name
          << (flag.value.empty() ? "" : flag.value_optional ? "=-" : is_long ? "=" : "+") << "["
          << ZshText(flag.description) << "]" << ZshAction(flag) << "' \\\n";
    }
  }
}

void FishFlags(std::ostringstream& out, const std::string& program, const Command& command,
               const std::string& condition) {
  for (const Flag& flag : command.flags) {
    out << "complete -c " << program;
    if (!condition.empty()) out << " -n " << Quoted(condition);
    for (const std::string& name : flag.names) {
      out << (name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1));
    }
    if (!flag.choices.empty()) {
      out << (flag.value_optional ? " -f -a " : " -x -a ") << Quoted(Join(flag.choices, " "));
    } else if (flag.value == "FILE" || flag.value == "FOLDER") {
      out << " -r -F";
    } else if (!flag.value.empty()) {
      out << " -x";
    }
    out << " -d " << Quoted(flag.description) << "\n";
  }
}

}  // namespace

std::string BashCompletion(const Command& command, const std::vector<std::string>& aliases) {
  std::ostringstream out;
  std::vector<std::string> with_value;
  std::ostringstream values;
  for (const Flag& flag : AllFlags(command)) {
    if (flag.value.empty()) continue;
    if (!flag.value_optional) with_value.insert(with_value.end(), flag.names.begin(), flag.names.end());
    values << "    " << Join(flag.names, "|") << ")\n";
    if (!flag.choices.empty()) {
      values << "      COMPREPLY=($(compgen -W '" << Join(flag.choices, " ") << "' -- \"$cur\"))\n";
    } else if (flag.value == "FILE" || flag.value == "FOLDER") {
      values << "      compopt -o filenames 2> /dev/null\n      mapfile -t COMPREPLY < <(compgen "
             << (flag.value == "FILE" ? "-f" : "-d") << " -- \"$cur\")\n";
    }
    // What may be left out does not swallow the next word.
    values << (flag.value_optional ? "      [[ -n $equals ]] && return ;;\n" : "      return ;;\n");
  }
  const std::string name = Identifier(command.name);
  out << "# bash completion of " << command.name << ". Generated from the options of the program.\n"
      << name << "() {\n"
      << "  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command='' equals='' i\n"
      << "  COMPREPLY=()\n"
      << "  # --name=value comes as three words.\n"
      << "  if [[ $cur == = ]]; then cur='' equals=1; elif [[ $prev == = ]]; then\n"
      << "    prev=${COMP_WORDS[COMP_CWORD - 2]} equals=1\n  fi\n"
      << "  case $prev in\n"
      << values.str() << "  esac\n"
      << "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      << "    case ${COMP_WORDS[i]} in\n";
  if (!with_value.empty()) out << "      " << Join(with_value, "|") << ") ((i++)) ;;\n";
  if (!command.subcommands.empty()) {
    out << "      " << Join(SubcommandNames(command), "|") << ") command=${COMP_WORDS[i]}; break ;;\n";
  }
  out << "    esac\n  done\n"
      << "  local words='" << Join(FlagNames(command), " ") << "'\n"
      << "  case $command in\n";
  for (const Command& sub : command.subcommands) {
    out << "    " << sub.name << ") words+=' " << Join(FlagNames(sub), " ") << "'\n";
    if (TakesFile(sub)) {
      out << "      if [[ $cur != -* ]]; then\n        compopt -o filenames 2> /dev/null\n"
          << "        mapfile -t COMPREPLY < <(compgen -f -- \"$cur\")\n        return\n      fi\n";
    }
    out << "      ;;\n";
  }
  out << "    '') [[ $cur == -* ]] || words='" << Join(SubcommandNames(command), " ") << "' ;;\n"
      << "  esac\n"
      << "  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
      << "complete -F " << name << " " << command.name;
  for (const std::string& alias : aliases) out << " " << alias;
  out << "\n";
  return out.str();
}

std::string ZshCompletion(const Command& command, const std::vector<std::string>& aliases) {
  std::ostringstream out;
  out << "#compdef " << command.name;
  for (const std::string& alias : aliases) out << " " << alias;
  out << "\n# Generated from the options of the program.\n\nlocal context state state_descr line\n"
      << "typeset -A opt_args\n\n_arguments -C \\\n";
  ZshFlags(out, command, "  ");
  if (command.subcommands.empty()) {
    out << "  && return\n";
    return out.str();
  }
  out << "  '1: :->command' \\\n  '*:: :->rest' && return\n\ncase $state in\n  command)\n    local -a commands=(\n";
  for (const Command& sub : command.subcommands) {
    out << "      '" << sub.name << ":" << ZshText(sub.description) << "'\n";
  }
  out << "    )\n    _describe -t commands 'subcommand' commands ;;\n  rest)\n    case $line[1] in\n";
  for (const Command& sub : command.subcommands) {
    out << "      " << sub.name << ")\n        _arguments \\\n";
    ZshFlags(out, sub, "          ");
    int place = 0;
    for (const Argument& argument : sub.arguments) {
      out << "          '" << ++place << ":" << ZshText(argument.name) << ":"
          << (argument.value == "FILE" ? "_files" : " ") << "' \\\n";
    }
    out << "          && return ;;\n";
  }
  out << "    esac ;;\nesac\n";
  return out.str();
}

std::string FishCompletion(const Command& command, const std::vector<std::string>& aliases) {
  std::ostringstream out;
  out << "# fish completion of " << command.name << ". Generated from the options of the program.\n";
  FishFlags(out, command.name, command, "");
  for (const Command& sub : command.subcommands) {
    const std::string inside = "__fish_seen_subcommand_from " + sub.name;
    out << "complete -c " << command.name << " -f -n '__fish_use_subcommand' -a " << sub.name << " -d "
        << Quoted(sub.description) << "\n";
    FishFlags(out, command.name, sub, inside);
    if (TakesFile(sub)) out << "complete -c " << command.name << " -F -n " << Quoted(inside) << "\n";
  }
  for (const std::string& alias : aliases) out << "complete -c " << alias << " -w " << command.name << "\n";
  return out.str();
}

}  // namespace kalam::reference
