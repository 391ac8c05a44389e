#pragma once

#include "exec/executor.h"
#include "live/queries.h"

namespace kalam::exec {

// Resolves, authorizes and runs the statements of live queries. Thread-safe.
class LiveStatements final : public live::Queries {
 public:
  LiveStatements(Services services, ExecutorOptions options)
      : services_(services), options_(std::move(options)) {}

  Result<live::BoundQuery> Bind(const auth::Identity& who, const std::string& sql) override;
  bool IsCurrent(const TableDef& table) override;
  Status Read(const auth::Identity& who, const std::string& sql, const table::DurableSnapshotPtr& snapshot,
              std::size_t newest, const std::function<void(Seq)>& at, duck::RowSink& sink) override;

 private:
  class TableResolver;

  Result<duck::ParsedStatement> Parse(const std::string& sql) const;
  duck::QueryContext ContextFor(duck::Resolver& resolver, const auth::Identity& who) const;

  const Services services_;
  const ExecutorOptions options_;
};

}  // namespace kalam::exec
