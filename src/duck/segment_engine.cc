#include "duck/segment_engine.h"

#include "datum_vector.h"
#include "freed_buffers.h"
#include "segment_connection.h"
#include "segment_rows_function.h"
#include "segment_scan.h"
#include "types.h"
#include "zstd_contexts.h"

namespace kalam::duck {
namespace {

class ScannedRows final : public SegmentRows {
 public:
  // Throws the engine's exceptions.
  ScannedRows(SegmentEngine& engine, std::string path, const std::vector<SegmentColumn>& columns,
              std::optional<std::size_t> key_column, const KeyRange& keys)
      : connection_(engine),
        path_(std::move(path)),
        scan_(connection_.Open(path_, columns, key_column, keys)) {
    for (const SegmentColumn& column : columns) types_.push_back(column.type);
    chunk_.Initialize(*connection_->context, SegmentScan::Types(columns));
  }

  Result<bool> Next() override try {
    if (++row_ < chunk_.size()) return true;
    while (!ended_) {
      ended_ = !scan_.Next(chunk_);
      if (chunk_.size() == 0) continue;
      chunk_.Flatten();
      row_ = 0;
      return true;
    }
    return false;
  } catch (const std::exception& e) {
    ended_ = true;
    return Error(ErrorCode::kIo, "read '" + path_ + "': " + e.what());
  }

  Datum Column(std::size_t column) const override {
    return ReadDatum(chunk_.data[column], row_, types_[column]);
  }
  Datum LastOfPiece(std::size_t column) const override {
    return ReadDatum(chunk_.data[column], chunk_.size() - 1, types_[column]);
  }
  void SkipPiece() override { row_ = chunk_.size(); }

 private:
  const SegmentConnection connection_;
  const std::string path_;
  SegmentScan scan_;
  std::vector<DataType> types_;
  duckdb::DataChunk chunk_;
  duckdb::idx_t row_ = 0;
  bool ended_ = false;
};

}  // namespace

Status SegmentEngine::Impl::Open() try {
  static_cast<void>(PagesThroughKeptContexts());  // which makes them part of the program
  duckdb::DBConfig config;
  config.SetOptionByName("autoload_known_extensions", duckdb::Value::BOOLEAN(false));
  config.SetOptionByName("autoinstall_known_extensions", duckdb::Value::BOOLEAN(false));
  // Rows keep their order, work stays with its caller.
  config.SetOptionByName("threads", duckdb::Value::BIGINT(1));
  config.SetOptionByName("memory_limit", duckdb::Value(std::to_string(options.memory_limit_bytes) + "B"));
  config.options.use_temporary_directory = false;
  // The system's page cache has the files already; a second copy of whatever was read would fill the memory limit.
  config.SetOptionByName("enable_external_file_cache", duckdb::Value::BOOLEAN(false));
  database = std::make_unique<duckdb::DuckDB>(nullptr, &config);
  duckdb::ExtensionLoader loader(*database->instance, "kalam");
  RegisterRowsFunction(loader);
  return {};
} catch (const std::exception& e) {
  return Error(ErrorCode::kInternal, std::string("start the engine of segments: ") + e.what());
}

SegmentEngine::SegmentEngine(const SegmentEngineOptions& options) : impl_(std::make_unique<Impl>(options)) {}
SegmentEngine::~SegmentEngine() = default;

Status SegmentEngine::Start() {
  std::call_once(impl_->opening, [this] { impl_->opened = impl_->Open(); });
  return impl_->opened;
}

void SegmentEngine::ForgetFreedBuffers() {
  if (Start().ok()) duck::ForgetFreedBuffers(*impl_->database->instance);
}

void SegmentEngine::Forget(const std::string& path) { impl_->footers.Forget(path); }

Result<std::unique_ptr<SegmentRows>> SegmentEngine::Read(const std::string& path,
                                                         const std::vector<SegmentColumn>& columns,
                                                         std::optional<std::size_t> key_column,
                                                         const KeyRange& keys) try {
  return std::unique_ptr<SegmentRows>(
      std::make_unique<ScannedRows>(*this, path, columns, key_column, keys));
} catch (const std::exception& e) {
  return Error(ErrorCode::kIo, "read '" + path + "': " + e.what());
}

}  // namespace kalam::duck
