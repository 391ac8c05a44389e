#include "table_stats.h"

#include <utility>

namespace kalam::exec {
namespace {

using Metric = std::pair<std::string, std::string>;

// Counted exactly up to here; the statement answers within 50 ms whatever the table holds.
constexpr std::uint64_t kMaxCountedRows = 50'000;
constexpr std::chrono::milliseconds kMaxCountTime{20};

Result<std::uint64_t> BufferedRows(const TableDef& table, const StatementContext& context) {
  const Services& services = context.services;
  if (table.kind == TableKind::kStream) return services.streams.usage(table.id).rows;
  std::optional<UserId> only;
  if (table.kind == TableKind::kUser && context.who.role < auth::Role::kService) only = context.who.user_id;
  KALAM_TRY_ASSIGN(const table::LiveRows live,
                   services.reader.CountLive(services.committer.Snapshot(), table, only, kMaxCountedRows,
                                             kMaxCountTime));
  return live.rows;
}

// `5m`, `90s`, `2h`
std::string Duration(std::int64_t seconds) {
  if (seconds % 3600 == 0) return std::to_string(seconds / 3600) + "h";
  if (seconds % 60 == 0) return std::to_string(seconds / 60) + "m";
  return std::to_string(seconds) + "s";
}

// `Auto (5m)`, `Auto (5m, 10000 rows)`, `Never`
std::string FlushConfig(const FlushPolicy& policy) {
  std::string when;
  if (policy.interval_seconds) when = Duration(*policy.interval_seconds);
  if (policy.row_threshold) when += (when.empty() ? "" : ", ") + std::to_string(*policy.row_threshold) + " rows";
  return when.empty() ? "Never" : "Auto (" + when + ")";
}

}  // namespace

Result<query::Listing> TableStats(const TableDef& table, const StatementContext& context) {
  KALAM_TRY_ASSIGN(const std::uint64_t buffered, BufferedRows(table, context));
  const std::uint64_t flushed = 0;  // no row leaves the hot store yet
  std::vector<Metric> metrics = {{"table_name", table.name.table},
                                 {"namespace", table.name.ns},
                                 {"table_type", std::string(ToLowerName(table.kind))},
                                 {"schema_version", std::to_string(table.schema_version)},
                                 {"buffered_rows", std::to_string(buffered)},
                                 {"flushed_rows", std::to_string(flushed)},
                                 {"total_rows", std::to_string(buffered + flushed)},
                                 {"storage_size", "0"},
                                 {"last_flush", "never"},
                                 {"parquet_files", "0"},
                                 {"flush_config", FlushConfig(table.flush)}};
  return query::Listing{
      .columns = {{"metric", DataType::kText}, {"value", DataType::kText}},
      .rows = query::StreamOf(std::move(metrics), [](const Metric& metric, std::vector<query::Row>& rows) {
        rows.push_back({Value(Datum::Text(metric.first)), Value(Datum::Text(metric.second))});
      })};
}

}  // namespace kalam::exec
