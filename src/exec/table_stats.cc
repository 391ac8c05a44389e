#include "table_stats.h"

#include <utility>

#include "model/time_text.h"

namespace kalam::exec {
namespace {

using Metric = std::pair<std::string, std::string>;

// Counted exactly up to here; the statement answers within 50 ms whatever the table holds.
constexpr std::uint64_t kMaxCountedRows = 50'000;
constexpr std::chrono::milliseconds kMaxCountTime{20};

// Whose rows the caller is told of; nullopt: everybody's.
std::optional<UserId> OnlyOf(const TableDef& table, const StatementContext& context) {
  if (table.kind == TableKind::kUser && context.who.role < auth::Role::kService) return context.who.user_id;
  return std::nullopt;
}

Result<std::uint64_t> BufferedRows(const TableDef& table, const StatementContext& context) {
  const Services& services = context.services;
  if (table.kind == TableKind::kStream) return services.streams.usage(table.id).rows;
  KALAM_TRY_ASSIGN(const table::LiveRows live,
                   services.reader.CountLive(services.committer.Snapshot(), table, OnlyOf(table, context),
                                             kMaxCountedRows, kMaxCountTime));
  return live.rows;
}

Result<cold::ManifestStore::Totals> ColdTotals(const TableDef& table, const StatementContext& context) {
  const cold::ColdRows* cold = context.services.reader.cold();
  if (cold == nullptr) return cold::ManifestStore::Totals();
  const auto only = OnlyOf(table, context);
  return cold->manifests().TotalsOf(table.id, only ? std::optional<std::string_view>(only->text()) : std::nullopt,
                                    context.services.committer.Snapshot()->view_ptr());
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
  KALAM_TRY_ASSIGN(const cold::ManifestStore::Totals cold, ColdTotals(table, context));
  KALAM_TRY_ASSIGN(const auto last_flush, context.services.flush.LastFlush(table.id));
  std::vector<Metric> metrics = {{"table_name", table.name.table},
                                 {"namespace", table.name.ns},
                                 {"table_type", std::string(ToLowerName(table.kind))},
                                 {"schema_version", std::to_string(table.schema_version)},
                                 {"buffered_rows", std::to_string(buffered)},
                                 {"flushed_rows", std::to_string(cold.rows)},
                                 {"total_rows", std::to_string(buffered + cold.rows)},
                                 {"storage_size", std::to_string(cold.bytes)},
                                 {"last_flush", last_flush ? FormatTimestamp(*last_flush) : "never"},
                                 {"parquet_files", std::to_string(cold.files)},
                                 {"flush_config", FlushConfig(table.flush)}};
  return query::Listing{
      .columns = {{"metric", DataType::kText}, {"value", DataType::kText}},
      .rows = query::StreamOf(std::move(metrics), [](const Metric& metric, std::vector<query::Row>& rows) {
        rows.push_back({Value(Datum::Text(metric.first)), Value(Datum::Text(metric.second))});
      })};
}

}  // namespace kalam::exec
