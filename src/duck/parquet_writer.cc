#include "duck/parquet_writer.h"

#include "datum_vector.h"
#include "duckdb_headers.h"
#include "types.h"

#include <mutex>
#include <optional>

namespace kalam::duck {
namespace {

using duckdb::idx_t;

constexpr const char* kRowsFunction = "kalam_rows";

// JSON goes out as text: other readers need not know the engine's alias for it.
duckdb::LogicalType FileType(DataType type) {
  return type == DataType::kJson ? duckdb::LogicalType::VARCHAR : ToLogicalType(type);
}

// The rows that the COPY of a connection reads. Lives in the connection and is set for one file.
struct RowFeed final : duckdb::ClientContextState {
  static constexpr const char* kName = "kalam_row_feed";
  static RowFeed& Of(duckdb::ClientContext& context) {
    return *context.registered_state->GetOrCreate<RowFeed>(kName);
  }

  const std::vector<ParquetColumn>* columns = nullptr;
  const ParquetWriter::NextRow* next = nullptr;
  std::vector<Datum> row;
  bool ended = false;
  std::optional<Error> failure;
};

duckdb::unique_ptr<duckdb::FunctionData> Bind(duckdb::ClientContext& context,
                                              duckdb::TableFunctionBindInput&,
                                              duckdb::vector<duckdb::LogicalType>& types,
                                              duckdb::vector<std::string>& names) {
  for (const ParquetColumn& column : *RowFeed::Of(context).columns) {
    types.push_back(FileType(column.type));
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
         Quoted(path.string(), '\'') + " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE " +
         std::to_string(row_group_rows) + ", FIELD_IDS {" + field_ids + "})";
}

}  // namespace

struct ParquetWriter::Impl {
  ParquetOptions options;
  std::unique_ptr<duckdb::DuckDB> database;
  std::mutex mutex;
  std::vector<std::unique_ptr<duckdb::Connection>> idle;  // guarded by mutex

  std::unique_ptr<duckdb::Connection> Acquire() {
    std::lock_guard lock(mutex);
    if (idle.empty()) return std::make_unique<duckdb::Connection>(*database);
    auto connection = std::move(idle.back());
    idle.pop_back();
    return connection;
  }
  void Release(std::unique_ptr<duckdb::Connection> connection) {
    std::lock_guard lock(mutex);
    idle.push_back(std::move(connection));
  }
};

ParquetWriter::ParquetWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ParquetWriter::~ParquetWriter() = default;

Result<std::unique_ptr<ParquetWriter>> ParquetWriter::Open(const ParquetOptions& options) try {
  auto impl = std::make_unique<Impl>();
  impl->options = options;
  duckdb::DBConfig config;
  config.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName(
      "threads", duckdb::Value::BIGINT(1));  // rows keep their order, work stays with its caller
  config.SetOptionByName("memory_limit",
                         duckdb::Value(std::to_string(options.memory_limit_bytes) + "B"));
  config.options.use_temporary_directory = false;
  impl->database = std::make_unique<duckdb::DuckDB>(nullptr, &config);
  duckdb::ExtensionLoader loader(*impl->database->instance, "kalam");
  loader.RegisterFunction(duckdb::TableFunction(kRowsFunction, {}, Scan, Bind));
  return std::unique_ptr<ParquetWriter>(new ParquetWriter(std::move(impl)));
} catch (const std::exception& e) {
  return Error(ErrorCode::kInternal, std::string("start the Parquet writer: ") + e.what());
}

Result<std::uint64_t> ParquetWriter::Write(const std::filesystem::path& path,
                                           const std::vector<ParquetColumn>& columns,
                                           const NextRow& next) {
  auto connection = impl_->Acquire();
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
        connection->Query(CopyStatement(path, columns, impl_->options.row_group_rows));
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
  impl_->Release(std::move(connection));
  if (failure) return *std::move(failure);
  if (!problem.empty()) return Error(ErrorCode::kIo, "write '" + path.string() + "': " + problem);
  return rows;
}

}  // namespace kalam::duck
