#include "command_tree.h"

namespace kalam::reference {
namespace {

// CLI11 writes a type and its checks as "TEXT:{csv,json}" and "INT:INT in [1 - 9]".
struct TypeText {
  std::string value;
  std::vector<std::string> choices;
  std::string range;
};

TypeText Parse(const std::string& text) {
  TypeText parsed;
  const std::size_t colon = text.find(':');
  parsed.value = text.substr(0, colon);
  if (colon == std::string::npos) return parsed;
  const std::string check = text.substr(colon + 1);
  if (check.front() == '{' && check.back() == '}') {
    std::size_t from = 1;
    while (from < check.size()) {
      const std::size_t to = check.find_first_of(",}", from);
      parsed.choices.push_back(check.substr(from, to - from));
      from = to + 1;
    }
  } else if (const std::size_t open = check.find('['), close = check.find(']');
             open != std::string::npos && close != std::string::npos) {
    parsed.range = check.substr(open + 1, close - open - 1);
    if (const std::size_t dash = parsed.range.find(" - "); dash != std::string::npos) {
      parsed.range.replace(dash, 3, " to ");
    }
  }
  return parsed;
}

std::string Described(const CLI::Option& option, const TypeText& type) {
  std::string text = option.get_description();
  if (!type.range.empty()) text += " (" + type.range + ")";
  if (!option.get_default_str().empty()) text += " (default: " + option.get_default_str() + ")";
  return text;
}

Flag ReadFlag(const CLI::Option& option) {
  const TypeText type = Parse(option.get_type_name());
  Flag flag{.description = Described(option, type)};
  for (const std::string& name : option.get_snames()) flag.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flag.names.push_back("--" + name);
  if (option.get_items_expected_max() == 0) return flag;
  flag.value_optional = option.get_items_expected_min() == 0;
  flag.value = type.value;
  if (flag.value == "[BOOL]") {
    flag.value = "BOOL";
    flag.choices = {"true", "false"};
  }
  if (!type.choices.empty()) flag.choices = type.choices;
  return flag;
}

}  // namespace

Command ReadCommand(const CLI::App& app) {
  Command command{.name = app.get_name(), .description = app.get_description(), .footer = app.get_footer()};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      const TypeText type = Parse(option->get_type_name());
      command.arguments.push_back({.name = option->get_name(),
                                   .value = type.value,
                                   .description = Described(*option, type),
                                   .required = option->get_required()});
    } else {
      command.flags.push_back(ReadFlag(*option));
    }
  }
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    command.subcommands.push_back(ReadCommand(*sub));
  }
  return command;
}

}  // namespace kalam::reference
