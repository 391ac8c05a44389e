#pragma once

#include <string>
#include <string_view>

#include "command_tree.h"

namespace kalam::reference {

// A manual page of section 1. Paragraphs of the footer that begin with "Environment:", "Exit status:", "Files:" or
// "Signals:" get sections of their own.
std::string ManPage(const Command& command, std::string_view version, std::string_view see_also);

// Scripts that complete options, their values and subcommands; `aliases` are other names of the program.
std::string BashCompletion(const Command& command, const std::vector<std::string>& aliases);
std::string ZshCompletion(const Command& command, const std::vector<std::string>& aliases);
std::string FishCompletion(const Command& command, const std::vector<std::string>& aliases);

}  // namespace kalam::reference
