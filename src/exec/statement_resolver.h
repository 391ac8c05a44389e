#pragma once

#include <memory>
#include <string_view>

#include "auth/access.h"
#include "exec/executor.h"
#include "transaction.h"

namespace kalam::exec {

// Looks up a table by the parts of its name: `notes` (namespace `default`), `app.notes`, `app.user.notes`
// (the caller's partition of a USER table). Errors: relation unknown, in the given style.
Result<TableDefPtr> FindTable(const catalog::Catalog& catalog, sql::ErrorStyle style,
                              const std::vector<std::string>& parts);

// `auth::Authorize` for a table of the catalog, the caller's grants included.
Status AuthorizeTable(const catalog::Catalog& catalog, const auth::Identity& who, auth::Action action,
                      const TableDef& table);

// Whether the caller sees the table in listings.
bool IsVisibleTable(const catalog::Catalog& catalog, const auth::Identity& who, const TableDef& table);

// The caller as listings need it. Outlives the statement, not the catalog.
query::Viewer ViewerOf(const catalog::Catalog& catalog, const auth::Identity& who);

// Resolves the table references of one statement for one caller at one snapshot.
class StatementResolver final : public duck::Resolver {
 public:
  // `deleted_rows`: whether `_deleted` in a WHERE may bring deleted rows back; never in DML.
  enum class DeletedRows { kOnRequest, kNever };

  // `transaction`, if any, must outlive what this resolves; the snapshot is then its own. `sql`: the statement's text,
  // which decides whether deleted users are shown.
  StatementResolver(const Services& services, sql::ErrorStyle style, const auth::Identity& who,
                    table::DurableSnapshotPtr snapshot, DeletedRows deleted_rows, const Transaction* transaction,
                    std::string_view sql)
      : services_(services),
        style_(style),
        who_(who),
        snapshot_(std::move(snapshot)),
        deleted_rows_(deleted_rows),
        transaction_(transaction),
        sql_(sql) {}

  Result<std::shared_ptr<const duck::ScanSource>> Resolve(const duck::TableReference& reference) override;

 private:
  Result<std::shared_ptr<const duck::ScanSource>> ResolveSystem(const std::string& schema, const std::string& table);

  const Services& services_;
  const sql::ErrorStyle style_;
  const auth::Identity& who_;
  const table::DurableSnapshotPtr snapshot_;
  const DeletedRows deleted_rows_;
  const Transaction* const transaction_;  // null: none
  const std::string_view sql_;
};

}  // namespace kalam::exec
