#pragma once

#include "commands/command.h"

// What each backslash command does; the table of commands is in command_table.cc. Failures are printed, not returned:
// none of them ends the prompt.
namespace kalam::cli::commands {

// connection_commands.cc
Next Connect(Shell& shell, std::string_view argument);
Next ShowConfig(Shell& shell, std::string_view argument);
Next ShowHealth(Shell& shell, std::string_view argument);

// catalog_commands.cc
Next FlushAll(Shell& shell, std::string_view argument);
Next ListTables(Shell& shell, std::string_view argument);
Next DescribeTable(Shell& shell, std::string_view argument);
Next ListNamespaces(Shell& shell, std::string_view argument);
Next ListUsers(Shell& shell, std::string_view argument);
Next ListJobs(Shell& shell, std::string_view argument);
Next ListLiveQueries(Shell& shell, std::string_view argument);
Next RefreshTables(Shell& shell, std::string_view argument);

// output_commands.cc
Next SetFormat(Shell& shell, std::string_view argument);
Next SetExpanded(Shell& shell, std::string_view argument);
Next SetTiming(Shell& shell, std::string_view argument);
Next SetOutputFile(Shell& shell, std::string_view argument);

// statement_commands.cc
Next IncludeFile(Shell& shell, std::string_view argument);
Next SetVariable(Shell& shell, std::string_view argument);
Next UnsetVariable(Shell& shell, std::string_view argument);
Next EditStatement(Shell& shell, std::string_view argument);
Next WatchStatement(Shell& shell, std::string_view argument);
Next History(Shell& shell, std::string_view argument);

// live_commands.cc
Next Subscribe(Shell& shell, std::string_view argument);
Next Unsubscribe(Shell& shell, std::string_view argument);
Next Pause(Shell& shell, std::string_view argument);
Next Continue(Shell& shell, std::string_view argument);

}  // namespace kalam::cli::commands
