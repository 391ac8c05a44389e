#include <cctype>
#include <sstream>

#include "pages.h"

namespace kalam::reference {
namespace {

// Text that troff shows as it is.
std::string Plain(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) {
      out += std::string("\\&") + c;
    } else if (c == '\'') {
      out += "\\(aq";
    } else if (c == '~') {
      out += "\\(ti";
    } else if (c == '^') {
      out += "\\(ha";
    } else {
      out += c;
    }
  }
  return out;
}

std::string Bold(std::string_view text) { return "\\fB" + Plain(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Plain(text) + "\\fR"; }

std::string Upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

void WriteFlag(std::ostringstream& out, const Flag& flag) {
  out << ".TP\n";
  for (std::size_t i = 0; i < flag.names.size(); ++i) out << (i > 0 ? ", " : "") << Bold(flag.names[i]);
  if (flag.value_optional) {
    out << "[=" << Italic(flag.value) << "]";
  } else if (!flag.value.empty()) {
    out << " " << Italic(flag.value);
  }
  out << "\n" << Plain(flag.description) << ".\n";
}

void WriteArgument(std::ostringstream& out, const Argument& argument) {
  out << ".TP\n" << Italic(argument.name) << "\n" << Plain(argument.description) << ".\n";
}

std::string Synopsis(const std::string& program, const Command& command, bool is_sub) {
  std::string line = ".B " + Plain(program) + "\n[\\fIOPTIONS\\fR]";
  if (is_sub) line += " " + Bold(command.name);
  for (const Argument& argument : command.arguments) {
    line += argument.required ? " " + Italic(argument.name) : " [" + Italic(argument.name) + "]";
  }
  return line + "\n";
}

// A footer in order: text before any heading has the heading "".
struct Section {
  std::string heading;
  std::string text;
};

std::vector<Section> Sections(const std::string& footer) {
  std::vector<Section> sections{{}};
  std::istringstream lines(footer);
  for (std::string line; std::getline(lines, line);) {
    for (const std::string_view heading : {"Environment", "Exit status", "Files", "Signals"}) {
      if (!line.starts_with(std::string(heading) + ": ")) continue;
      sections.push_back({std::string(heading), {}});
      line.erase(0, heading.size() + 2);
    }
    std::string& text = sections.back().text;
    if (line.empty() && text.empty()) continue;
    text += Plain(line.empty() ? "" : line);
    text += line.empty() ? ".PP\n" : "\n";
  }
  // A paragraph mark needs a paragraph after it.
  for (Section& section : sections) {
    while (section.text.ends_with(".PP\n")) section.text.resize(section.text.size() - 4);
  }
  return sections;
}

void WriteFooter(std::ostringstream& out, const std::vector<Section>& sections, std::string_view heading) {
  for (const Section& section : sections) {
    if (section.heading != heading || section.text.empty()) continue;
    if (!heading.empty()) out << ".SH " << Upper(heading) << "\n";
    out << section.text;
  }
}

}  // namespace

std::string ManPage(const Command& command, std::string_view version, std::string_view see_also) {
  std::ostringstream out;
  std::string title = command.description;
  if (const std::size_t dash = title.find(" - "); dash != std::string::npos) title.erase(0, dash + 3);
  out << ".\\\" Generated from the options of the program.\n"
      << ".TH " << Upper(command.name) << " 1 \"\" \"KalamDB " << version << "\" \"KalamDB\"\n"
      << ".SH NAME\n"
      << Plain(command.name) << " \\- " << Plain(title) << "\n.SH SYNOPSIS\n"
      << Synopsis(command.name, command, false);
  for (const Command& sub : command.subcommands) out << ".br\n" << Synopsis(command.name, sub, true);
  const std::vector<Section> sections = Sections(command.footer);
  if (!sections.front().text.empty()) {
    out << ".SH DESCRIPTION\n";
    WriteFooter(out, sections, "");
  }
  out << ".SH OPTIONS\n";
  for (const Argument& argument : command.arguments) WriteArgument(out, argument);
  for (const Flag& flag : command.flags) WriteFlag(out, flag);
  if (!command.subcommands.empty()) out << ".SH SUBCOMMANDS\n";
  for (const Command& sub : command.subcommands) {
    out << ".SS " << Plain(sub.name) << "\n" << Plain(sub.description) << ".\n";
    for (const Argument& argument : sub.arguments) WriteArgument(out, argument);
    for (const Flag& flag : sub.flags) {
      if (flag.names.back() != "--help") WriteFlag(out, flag);
    }
    const std::vector<Section> notes = Sections(sub.footer);
    if (!notes.front().text.empty()) out << ".PP\n" << notes.front().text;
  }
  for (const std::string_view heading : {"Environment", "Exit status", "Signals", "Files"}) {
    WriteFooter(out, sections, heading);
  }
  out << ".SH SEE ALSO\n.BR " << see_also << " (1)\n";
  return out.str();
}

}  // namespace kalam::reference
