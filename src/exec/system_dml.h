#pragma once

#include "query/system_table.h"
#include "statement_context.h"

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

// INSERT, UPDATE and DELETE on system tables: the engine computes the rows as for any table, and
// whoever owns the table applies them.
namespace kalam::exec {

// The values that a statement gives to the columns of a system table; nullopt: not named, or
// DEFAULT.
using SystemCells = std::vector<std::optional<Value>>;

// Takes the rows of one statement, checks them, and applies them all at once or not at all. Lives
// for one statement.
class SystemTableWriter {
 public:
  virtual ~SystemTableWriter() = default;
  virtual Status Insert(const SystemCells& cells) = 0;
  // `old` is the row as the table shows it. False: the row does not count (it is hidden from this
  // statement).
  virtual Result<bool> Update(const query::Row& old, const SystemCells& cells) = 0;
  virtual Result<bool> Delete(const query::Row& old) = 0;
  // The statement asked for one key and there is no such row.
  virtual Status NotFound(std::string_view key) const = 0;
  // Errors: kConflict when somebody was faster: the statement is computed anew.
  virtual Status Apply() = 0;
};

// Null for tables that nobody may write.
std::unique_ptr<SystemTableWriter> WriterOf(const query::SystemTable& table,
                                            StatementContext& context);

// Runs the statement if its target is a system table; nullopt: it is not. `sql` is parsed anew for
// each attempt.
std::optional<Status> TryRunSystemDml(const duck::ParsedStatement& statement, std::string_view sql,
                                      StatementContext& context);

}  // namespace kalam::exec
