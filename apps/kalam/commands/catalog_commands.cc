#include "commands/actions.h"
#include "commands/shell.h"

// Commands that are a statement under a shorter name. They are no "last statement": \watch and \e mean what was typed.
namespace kalam::cli::commands {

namespace {

Next Run(Shell& shell, std::string_view sql) {
  shell.Note(shell.session().RunCommand(sql));
  return Next::kContinue;
}

// A name goes into the statement as it was typed, quotes included, so that it means what it means in SQL. More than
// a name would be more than the command says.
bool IsName(std::string_view text) {
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (!quoted && (c == ';' || c == ' ' || c == '\'' || c == '(' || c == ')')) return false;
  }
  return !quoted && !text.empty();
}

}  // namespace

Next FlushAll(Shell& shell, std::string_view) {
  const auto answer = shell.session().client().Query("FLUSH ALL TABLES");
  if (!answer) {
    shell.Failed(answer.error());
    return Next::kContinue;
  }
  shell.session().printer().PrintResponse(*answer);
  const std::size_t jobs = answer->results.empty() ? 0 : answer->results.back().rows.size();
  if (jobs == 0) {
    shell.Say("Nothing to flush.\n");
  } else {
    const std::string counted = std::to_string(jobs) + (jobs == 1 ? " job" : " jobs");
    shell.Say("Flush started: " + counted + ". \\jobs shows how far it is.\n");
  }
  return Next::kContinue;
}

Next ListTables(Shell& shell, std::string_view argument) {
  if (argument.empty()) return Run(shell, "SHOW TABLES");
  if (!IsName(argument)) {
    shell.Say("Usage: \\dt [namespace]\n");
    return Next::kContinue;
  }
  return Run(shell, "SHOW TABLES IN " + std::string(argument));
}

Next DescribeTable(Shell& shell, std::string_view argument) {
  if (argument.empty()) return ListTables(shell, argument);
  if (!IsName(argument)) {
    shell.Say("Usage: \\d <table>\n");
    return Next::kContinue;
  }
  return Run(shell, "DESCRIBE TABLE " + std::string(argument));
}

Next ListNamespaces(Shell& shell, std::string_view) { return Run(shell, "SHOW NAMESPACES"); }

Next ListUsers(Shell& shell, std::string_view) {
  return Run(shell, "SELECT user_id, username, role, email, created_at, deleted_at FROM system.users ORDER BY user_id");
}

Next ListJobs(Shell& shell, std::string_view) {
  return Run(shell,
             "SELECT job_id, job_type, namespace_id, table_name, status, created_at, completed_at, error_message "
             "FROM system.jobs ORDER BY created_at DESC LIMIT 20");
}

Next ListLiveQueries(Shell& shell, std::string_view) {
  return Run(shell,
             "SELECT live_id, user_id, query, changes, created_at, last_update FROM system.live_queries "
             "ORDER BY created_at");
}

Next RefreshTables(Shell& shell, std::string_view) {
  if (shell.refresh_names) shell.refresh_names();
  shell.Say("Table and column names are read again.\n");
  return Next::kContinue;
}

}  // namespace kalam::cli::commands
