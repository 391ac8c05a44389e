#include "segment_builder.h"

#include "base/log.h"
#include "cold/file_digest.h"
#include "cold/segment_columns.h"
#include "model/key_codec.h"

#include <atomic>
#include <ctime>
#include <span>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

namespace kalam::jobs {
namespace {

constexpr int kMaxNameAttempts = 10'000;

std::filesystem::path NewLocalFile(const cold::ObjectStore& store) {
  static std::atomic<std::uint64_t> next{1};
  return store.staging_folder() / fmt::format("{}-{}.parquet", ::getpid(), next.fetch_add(1));
}

// `2025-10-24T14-30-00`, UTC.
std::string FileTime(TimestampMicros now) {
  const std::time_t seconds = now / 1'000'000;
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  return fmt::format("{:04}-{:02}-{:02}T{:02}-{:02}-{:02}", utc.tm_year + 1900, utc.tm_mon + 1,
                     utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec);
}

// Not yet known by name.
cold::ObjectName Unnamed() { return cold::ObjectName::Parse("unnamed").value(); }

}  // namespace

SegmentBuilder::SegmentBuilder(const TableDef& table, duck::SegmentEngine& engine,
                               cold::ObjectStore& store, const Clock& clock)
    : table_(table), engine_(engine), store_(store), clock_(clock), local_(NewLocalFile(store)) {}

SegmentBuilder::~SegmentBuilder() {
  std::error_code ignored;
  if (!stored_) std::filesystem::remove(local_, ignored);
}

Status SegmentBuilder::Write(const NextRow& next) {
  cold::Segment segment{.id = {},
                        .storage_id = {},
                        .file = Unnamed(),
                        .sha256 = {},
                        .min_key = {},
                        .max_key = {},
                        .min_seq = {},
                        .max_seq = {}};
  segment.schema_version = table_.schema_version;
  std::string key;
  const std::size_t declared = table_.columns.size();
  const auto feed = [&](std::span<Datum> out) -> Result<bool> {
    KALAM_TRY_ASSIGN(const std::optional<RowView> row, next());
    if (!row) return false;
    for (std::size_t i = 0; i < declared; ++i) out[i] = row->column(i);
    const Seq seq = row->seq();
    out[declared] = Datum::Int(static_cast<std::int64_t>(seq.value()));
    out[declared + 1] = Datum::Int(row->updated());
    out[declared + 2] = Datum::Bool(row->deleted());
    key.clear();
    AppendPrimaryKey(key, row->column(table_.primary_key));
    filter_.Add(key);
    if (segment.rows++ == 0) {
      segment.min_key = key;
      segment.min_seq = seq;
    }
    segment.max_key = key;
    segment.min_seq = std::min(segment.min_seq, seq);
    segment.max_seq = std::max(segment.max_seq, seq);
    if (row->deleted()) ++segment.tombstones;
    return true;
  };
  KALAM_TRY(engine_.Write(local_, cold::ColumnsToWrite(table_), feed));
  KALAM_TRY_ASSIGN(cold::FileDigest digest, cold::DigestFile(local_));
  segment.bytes = digest.bytes;
  segment.sha256 = std::move(digest.sha256);
  segment_ = std::move(segment);
  return {};
}

Result<cold::ObjectName> SegmentBuilder::PutUnderFreeName(const std::string& folder) {
  const std::string time = FileTime(clock_.NowMicros());
  for (int attempt = 0; attempt < kMaxNameAttempts; ++attempt) {
    const std::string suffix = attempt == 0 ? std::string() : fmt::format("-{}", attempt);
    KALAM_TRY_ASSIGN(cold::ObjectName name,
                     cold::ObjectName::Parse(fmt::format("{}/{}{}.parquet", folder, time, suffix)));
    Status put = store_.PutFile(name, local_);
    if (put.ok()) return name;
    if (put.error().code() != ErrorCode::kAlreadyExists) return std::move(put).error();
  }
  return Error(ErrorCode::kIo, "no free file name in '" + folder + "'");
}

Result<cold::ManifestChange::Added> SegmentBuilder::Store(const cold::Placement& place) {
  KALAM_TRY_ASSIGN(segment_->file, PutUnderFreeName(place.folder));
  stored_ = true;
  segment_->storage_id = place.storage_id;
  segment_->root = place.root;
  segment_->created_at = clock_.NowMicros();
  return cold::ManifestChange::Added{.segment = *segment_, .filter = filter_.Finish(), .keys = {}};
}

void SegmentBuilder::Discard() {
  if (!stored_) return;
  if (const Status gone = store_.Delete(segment_->file); !gone.ok()) {
    log::Warn("jobs",
              "file '" + segment_->file.text() + "' stays behind: " + gone.error().message());
  }
}

}  // namespace kalam::jobs
