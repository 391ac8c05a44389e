#pragma once

#include "import/target_table.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <kalam/client.h>

namespace kalam::cli {

// The next rows of a table; nullopt: there were no more. What writes a file draws from it.
using NextPage = std::function<Result<std::optional<StatementResult>>()>;

// The rows of a table, as its user sees them, in the order of the primary key, a page with each SELECT. The first page
// comes also when it is empty, for its columns.
class TablePages {
 public:
  // `where`: an SQL condition, or empty. `client` outlives it.
  static Result<TablePages> Open(const Client& client, const std::string& table, std::string where, int page_rows);

  const TargetTable& table() const { return table_; }
  // Read so far.
  std::uint64_t rows() const { return rows_; }
  std::uint64_t bytes() const { return bytes_; }

  Result<std::optional<StatementResult>> Next();

 private:
  TablePages(const Client& client, TargetTable table, std::size_t key_column, std::string where, int page_rows);
  std::string PageQuery() const;

  const Client& client_;
  TargetTable table_;
  std::size_t key_column_;
  std::string where_;
  int page_rows_;
  std::vector<Param> last_key_;  // of the page before; empty: none was read
  bool at_end_ = false;
  std::uint64_t rows_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace kalam::cli
