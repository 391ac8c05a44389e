#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "auth/identity.h"
#include "base/result.h"
#include "duck/row_query.h"
#include "model/table_def.h"
#include "table/committer.h"

namespace kalam::live {

// A statement of a subscription, resolved and bound for one caller.
struct BoundQuery {
  TableDefPtr table;  // USER or STREAM
  UserId partition;   // whose rows; empty for STREAM
  std::shared_ptr<const duck::RowPredicate> where;
  std::shared_ptr<const duck::RowProjection> select;
  bool sees_deleted = false;  // WHERE tests `_deleted`: tombstones are rows like others
  std::vector<std::string> named_columns;  // lower case, sorted
};

// What live needs from above: names resolved, rights checked, statements run. Thread-safe; blocks.
class Queries {
 public:
  virtual ~Queries() = default;

  // Errors: those of SELECT, and kUnsupported for SHARED and system tables and what can't be told row by row.
  virtual Result<BoundQuery> Bind(const auth::Identity& who, const std::string& sql) = 0;

  // Is `table` still the one of its name, in its current version?
  virtual bool IsCurrent(const TableDef& table) = 0;

  // The statement's result: all of it, or the `newest` rows by `_updated` (by arrival for STREAM). In the order of
  // ORDER BY, else of arrival for `newest`. `at`, called first, gets the seq that the result stands for.
  virtual Status Read(const auth::Identity& who, const std::string& sql, const table::DurableSnapshotPtr& snapshot,
                      std::size_t newest, const std::function<void(Seq)>& at, duck::RowSink& sink) = 0;
};

}  // namespace kalam::live
