#include "export/parquet_rows.h"

#include "exit_code.h"
#include "export/duck_library.h"

#include <filesystem>
#include <utility>

namespace kalam::cli {

namespace {

constexpr const char* kMemoryLimit = "512MB";
// Of values before compression: what is buffered until it is written.
constexpr const char* kRowGroupBytes = "33554432";
// A chunk ends earlier than after its 2,048 rows when their text is long.
constexpr std::size_t kChunkBytes = 4u << 20;

// How the text that a server sends becomes a value of the column's type.
std::string ValueInSql(const TargetColumn& column, const std::string& text) {
  const std::string& type = column.data_type;
  const auto as = [&](const std::string& name) { return "CAST(" + text + " AS " + name + ")"; };
  if (type == "BINARY" || type == "BYTES") return "unhex(substr(" + text + ", 3))";  // 0x00ff
  if (type == "TIMESTAMP") return as("TIMESTAMPTZ");                                 // is in UTC, and the file says so
  for (const char* same : {"BOOLEAN", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DATE", "TIME"}) {
    if (type == same) return as(same);
  }
  return text;  // also what a later server may have
}

// The table function that DuckDB reads the pages through: one column of text for each of the table's.
class RowFeed {
 public:
  RowFeed(const DuckLibrary& duck, const TargetTable& table, const NextPage& next)
      : duck_(duck), table_(table), next_(next) {}
  RowFeed(const RowFeed&) = delete;
  RowFeed& operator=(const RowFeed&) = delete;

  static constexpr const char* kName = "exported_rows";
  bool Register(duckdb_connection connection);

  // SELECT ... FROM exported_rows()
  std::string TypedRows() const;
  // What ended the pages early.
  const std::optional<Error>& error() const { return error_; }

 private:
  static const DuckLibrary& Duck() { return **DuckLibrary::Load(); }
  static void Bind(duckdb_bind_info info) { static_cast<RowFeed*>(Duck().bind_get_extra_info(info))->AddColumns(info); }
  static void Init(duckdb_init_info) {}
  static void Fill(duckdb_function_info info, duckdb_data_chunk chunk) {
    auto* const feed = static_cast<RowFeed*>(Duck().function_get_extra_info(info));
    feed->FillChunk(chunk);
    if (feed->error_) Duck().function_set_error(info, feed->error_->message.c_str());
  }

  void AddColumns(duckdb_bind_info info) const;
  void FillChunk(duckdb_data_chunk chunk);
  // Makes `page_` one that has rows left. False: there are none, or an error.
  bool HasRow();
  // Returns the bytes of its text.
  std::size_t PutRow(const Row& row, idx_t place, const std::vector<duckdb_vector>& columns) const;

  const DuckLibrary& duck_;
  const TargetTable& table_;
  const NextPage& next_;
  std::optional<StatementResult> page_;
  std::size_t row_ = 0;  // the next one of `page_`
  bool at_end_ = false;
  std::optional<Error> error_;
};

bool RowFeed::Register(duckdb_connection connection) {
  duckdb_table_function function = duck_.create_table_function();
  duck_.table_function_set_name(function, kName);
  duck_.table_function_set_extra_info(function, this, nullptr);
  duck_.table_function_set_bind(function, Bind);
  duck_.table_function_set_init(function, Init);
  duck_.table_function_set_function(function, Fill);
  const bool registered = duck_.register_table_function(connection, function) == DuckDBSuccess;
  duck_.destroy_table_function(&function);
  return registered;
}

void RowFeed::AddColumns(duckdb_bind_info info) const {
  duckdb_logical_type text = duck_.create_logical_type(DUCKDB_TYPE_VARCHAR);
  for (const TargetColumn& column : table_.columns) {
    duck_.bind_add_result_column(info, column.name.c_str(), text);
  }
  duck_.destroy_logical_type(&text);
}

std::string RowFeed::TypedRows() const {
  std::string sql = "SELECT ";
  for (const TargetColumn& column : table_.columns) {
    if (&column != table_.columns.data()) sql += ", ";
    const std::string name = QuoteIdentifier(column.name);
    sql += ValueInSql(column, name) + " AS " + name;
  }
  return sql + " FROM " + kName + "()";
}

bool RowFeed::HasRow() {
  while (!at_end_ && (!page_ || row_ == page_->rows.size())) {
    auto page = next_();
    row_ = 0;
    if (!page) error_ = page.error();
    at_end_ = !page || !*page;
    page_ = page ? *std::move(page) : std::nullopt;
  }
  return !at_end_;
}

void RowFeed::FillChunk(duckdb_data_chunk chunk) {
  std::vector<duckdb_vector> columns(table_.columns.size());
  for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = duck_.data_chunk_get_vector(chunk, i);
  const idx_t capacity = duck_.vector_size();
  idx_t rows = 0;
  std::size_t bytes = 0;
  while (rows < capacity && bytes < kChunkBytes && HasRow()) {
    bytes += PutRow(page_->rows[row_++], rows++, columns);
  }
  duck_.data_chunk_set_size(chunk, rows);
}

std::size_t RowFeed::PutRow(const Row& row, idx_t place, const std::vector<duckdb_vector>& columns) const {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const Cell cell = row[i];
    if (cell.is_null()) {
      duck_.vector_ensure_validity_writable(columns[i]);
      duck_.validity_set_row_invalid(duck_.vector_get_validity(columns[i]), place);
      continue;
    }
    duck_.vector_assign_string_element_len(columns[i], place, cell.text().data(), cell.text().size());
    bytes += cell.text().size();
  }
  return bytes;
}

// A database in memory that reaches nothing but the file it is told to write, with its connection.
class DuckSession {
 public:
  explicit DuckSession(const DuckLibrary& duck) : duck_(duck) {
    duckdb_config config = nullptr;
    if (duck_.create_config(&config) != DuckDBSuccess) return;
    for (const auto& [name, value] : {std::pair{"threads", "1"},              // rows stay in their order
                                      {"preserve_insertion_order", "false"},  // allows row groups by bytes
                                      {"memory_limit", kMemoryLimit},
                                      {"temp_directory", ""},
                                      {"autoload_known_extensions", "false"},
                                      {"autoinstall_known_extensions", "false"}}) {
      duck_.set_config(config, name, value);
    }
    char* problem = nullptr;
    if (duck_.open_ext(nullptr, &database_, config, &problem) != DuckDBSuccess) database_ = nullptr;
    duck_.free(problem);
    duck_.destroy_config(&config);
    if (database_ != nullptr && duck_.connect(database_, &connection_) != DuckDBSuccess) connection_ = nullptr;
  }
  ~DuckSession() {
    if (connection_ != nullptr) duck_.disconnect(&connection_);
    if (database_ != nullptr) duck_.close(&database_);
  }
  DuckSession(const DuckSession&) = delete;
  DuckSession& operator=(const DuckSession&) = delete;

  // Null: it could not be opened.
  duckdb_connection connection() const { return connection_; }

  // The text of what went wrong; nullopt: nothing.
  std::optional<std::string> Run(const std::string& sql) {
    duckdb_result result{};
    const bool done = duck_.query(connection_, sql.c_str(), &result) == DuckDBSuccess;
    const char* const said = done ? nullptr : duck_.result_error(&result);
    std::optional<std::string> problem;
    if (!done) problem = said != nullptr ? said : "unknown error";
    duck_.destroy_result(&result);
    return problem;
  }

 private:
  const DuckLibrary& duck_;
  duckdb_database database_ = nullptr;
  duckdb_connection connection_ = nullptr;
};

}  // namespace

std::optional<Error> WriteParquet(const TargetTable& table, const NextPage& next, const std::string& path) {
  const auto duck = DuckLibrary::Load();
  if (!duck) return duck.error();
  RowFeed feed(**duck, table, next);
  DuckSession session(**duck);
  if (session.connection() == nullptr || !feed.Register(session.connection()))
    return UsageError("cannot write Parquet: DuckDB's library does not start");
  std::string sql = "COPY (" + feed.TypedRows() + ") TO ";
  // Absolute: DuckDB gives a meaning to ~ and to prefixes such as s3://.
  AppendSqlText(std::filesystem::absolute(path).string(), &sql);
  sql += " (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false, ROW_GROUP_SIZE_BYTES " + std::string(kRowGroupBytes) +
         ")";
  const auto problem = session.Run(sql);
  if (feed.error()) return feed.error();
  if (problem) return UsageError("cannot write " + path + ": " + *problem);
  return std::nullopt;
}

}  // namespace kalam::cli
