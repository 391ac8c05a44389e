#include "datum_vector.h"
#include "segment_connection.h"
#include "segment_rows_function.h"
#include "types.h"

#include <algorithm>
#include <optional>

namespace kalam::duck {
namespace {

using duckdb::idx_t;

constexpr const char* kRowsFunction = "kalam_rows";

// The rows that the COPY of a connection reads. Lives in the connection and is set for one file.
struct RowFeed final : duckdb::ClientContextState {
  static constexpr const char* kName = "kalam_row_feed";
  static RowFeed& Of(duckdb::ClientContext& context) {
    return *context.registered_state->GetOrCreate<RowFeed>(kName);
  }

  const std::vector<ParquetColumn>* columns = nullptr;
  const SegmentEngine::NextRow* next = nullptr;
  std::vector<Datum> row;
  bool ended = false;
  std::optional<Error> failure;
};

duckdb::unique_ptr<duckdb::FunctionData> Bind(duckdb::ClientContext& context,
                                              duckdb::TableFunctionBindInput&,
                                              duckdb::vector<duckdb::LogicalType>& types,
                                              duckdb::vector<std::string>& names) {
  for (const ParquetColumn& column : *RowFeed::Of(context).columns) {
    types.push_back(ToFileType(column.type));
    names.push_back(column.name);
  }
  return duckdb::make_uniq<duckdb::TableFunctionData>();
}

void Scan(duckdb::ClientContext& context, duckdb::TableFunctionInput&, duckdb::DataChunk& output) {
  RowFeed& feed = RowFeed::Of(context);
  idx_t rows = 0;
  while (rows < STANDARD_VECTOR_SIZE && !feed.ended) {
    const auto more = (*feed.next)(feed.row);
    if (!more.ok()) {
      feed.failure = more.error();
      throw duckdb::IOException("the rows ended early");
    }
    feed.ended = !*more;
    if (feed.ended) break;
    for (std::size_t i = 0; i < feed.row.size(); ++i) {
      WriteDatum(output.data[i], rows, (*feed.columns)[i].type, feed.row[i]);
    }
    ++rows;
  }
  output.SetCardinality(rows);
}

std::string Quoted(const std::string& text, char quote) {
  std::string out(1, quote);
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  return out + quote;
}

std::string CopyStatement(const std::filesystem::path& path,
                          const std::vector<ParquetColumn>& columns, std::size_t row_group_rows) {
  std::string field_ids;
  for (const ParquetColumn& column : columns) {
    field_ids += (field_ids.empty() ? "" : ", ") + Quoted(column.name, '"') + ": " +
                 std::to_string(column.field_id);
  }
  return "COPY (SELECT * FROM " + std::string(kRowsFunction) + "()) TO " +
         Quoted(path.string(), '\'') +
         // Against level 3 and version 1: 0.65x the time, three quarters of the bytes, and scans as quick or quicker.
         " (FORMAT parquet, PARQUET_VERSION V2, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE " +
         std::to_string(row_group_rows) + ", FIELD_IDS {" + field_ids + "})";
}

}  // namespace

void RegisterRowsFunction(duckdb::ExtensionLoader& loader) {
  loader.RegisterFunction(duckdb::TableFunction(kRowsFunction, {}, Scan, Bind));
}

std::size_t RowGroupRows(const ExpectedRows& expected) {
  constexpr std::uint64_t kLeast = 2'048, kMost = 16'384, kGroupBytes = std::uint64_t{4} << 20;
  constexpr std::uint64_t kGroups = 1'024;
  const std::uint64_t room = kGroupBytes / std::max<std::uint64_t>(expected.bytes_per_row, 1);
  const std::uint64_t whole_vectors = (std::min(expected.rows / kGroups, room) + kLeast - 1) / kLeast * kLeast;
  return std::clamp(whole_vectors, kLeast, kMost);
}

Result<std::uint64_t> SegmentEngine::Write(const std::filesystem::path& path,
                                           const std::vector<ParquetColumn>& columns, const NextRow& next,
                                           const ExpectedRows& expected) {
  KALAM_TRY(Start());
  const SegmentConnection connection(*this);
  RowFeed& feed = RowFeed::Of(*connection->context);
  feed.columns = &columns;
  feed.next = &next;
  feed.row.assign(columns.size(), Datum());
  feed.ended = false;
  feed.failure.reset();
  std::uint64_t rows = 0;
  std::string problem;
  try {
    const auto result =
        connection->Query(CopyStatement(path, columns, RowGroupRows(expected)));
    if (result->HasError()) {
      problem = result->GetError();
    } else {
      rows = result->GetValue(0, 0).GetValue<std::uint64_t>();
    }
  } catch (const std::exception& e) {
    problem = e.what();
  }
  std::optional<Error> failure = std::move(feed.failure);
  feed.failure.reset();
  feed.columns = nullptr;
  feed.next = nullptr;
  if (failure) return *std::move(failure);
  if (!problem.empty()) return Error(ErrorCode::kIo, "write '" + path.string() + "': " + problem);
  return rows;
}

}  // namespace kalam::duck
