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
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

namespace kalam::jobs {
namespace {

constexpr int kMaxNameAttempts = 10'000;
constexpr std::uint64_t kRowsPerLook = 10'000;  // some hundred kilobytes of the file

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

// Whose values are whole numbers in a row.
bool IsNumberOrTime(DataType type) {
  switch (type) {
    case DataType::kSmallInt:
    case DataType::kInt:
    case DataType::kBigInt:
    case DataType::kTimestamp:
    case DataType::kDate:
    case DataType::kTime: return true;
    default: return false;
  }
}

// Not yet known by name.
cold::ObjectName Unnamed() { return cold::ObjectName::Parse("unnamed").value(); }

}  // namespace

SegmentBuilder::SegmentBuilder(const TableDef& table, duck::SegmentEngine& engine, cold::ObjectStore& store,
                               cold::Garbage& garbage, const Clock& clock)
    : table_(table),
      engine_(engine),
      store_(store),
      clock_(clock),
      local_(NewLocalFile(store)),
      behind_(local_),
      garbage_(garbage) {}

SegmentBuilder::~SegmentBuilder() {
  std::error_code ignored;
  if (!stored_) std::filesystem::remove(local_, ignored);
  if (stored_ && !published_) garbage_.Abandon(*segment_, true);
}

Status SegmentBuilder::Write(const NextRow& next, const duck::ExpectedRows& expected) {
  cold::Segment segment{.id = {},
                        .storage_id = {},
                        .file = Unnamed(),
                        .sha256 = {},
                        .min_key = {},
                        .max_key = {},
                        .min_seq = {},
                        .max_seq = {}};
  segment.schema_version = table_.schema_version;
  cold::KeyFilter::Builder filter;
  std::string key;
  const std::size_t declared = table_.columns.size();
  std::vector<std::pair<std::size_t, cold::ColumnExtent>> extents;  // by place in the row
  for (std::size_t i = 0; i < declared; ++i) {
    if (i == table_.primary_key || !IsNumberOrTime(table_.columns[i].type)) continue;
    extents.push_back({i, {.field_id = static_cast<std::int32_t>(table_.columns[i].id)}});
  }
  extents.push_back({declared + 1, {.field_id = cold::kUpdatedFieldId}});
  const auto feed = [&](std::span<Datum> out) -> Result<bool> {
    KALAM_TRY_ASSIGN(const std::optional<RowView> row, next());
    if (!row) return false;
    for (std::size_t i = 0; i < declared; ++i) out[i] = row->column(i);
    const Seq seq = row->seq();
    out[declared] = Datum::Int(static_cast<std::int64_t>(seq.value()));
    out[declared + 1] = Datum::Int(row->updated());
    out[declared + 2] = Datum::Bool(row->deleted());
    for (auto& [place, extent] : extents) {
      if (!out[place].is_null()) extent.Include(out[place].int_value());
    }
    key.clear();
    AppendPrimaryKey(key, row->column(table_.primary_key));
    filter.Add(key);
    if (segment.rows++ == 0) {
      segment.min_key = key;
      segment.min_seq = seq;
    }
    segment.max_key = key;
    segment.min_seq = std::min(segment.min_seq, seq);
    segment.max_seq = std::max(segment.max_seq, seq);
    if (row->deleted()) ++segment.tombstones;
    if (segment.rows % kRowsPerLook == 0) behind_.Look();
    return true;
  };
  KALAM_TRY(engine_.Write(local_, cold::ColumnsToWrite(table_), feed, expected));
  KALAM_TRY_ASSIGN(cold::FileDigest digest, cold::DigestFile(local_));
  for (const auto& [place, extent] : extents) segment.extents.push_back(extent);
  segment.bytes = digest.bytes;
  segment.sha256 = std::move(digest.sha256);
  segment_ = std::move(segment);
  filter_ = filter.Finish();
  return {};
}

Status SegmentBuilder::Adopt(const std::filesystem::path& file, cold::Segment segment, std::string filter) {
  KALAM_TRY(cold::CopyVerified(file, local_, segment.sha256));
  segment_ = std::move(segment);
  filter_ = std::move(filter);
  return {};
}

// Names of files are taken in the order they are tried: another table's template may lead to the same
// folder.
Status SegmentBuilder::PutUnderFreeName(const std::string& folder) {
  const std::string time = FileTime(clock_.NowMicros());
  for (int attempt = 0; attempt < kMaxNameAttempts; ++attempt) {
    const std::string suffix = attempt == 0 ? std::string() : fmt::format("-{}", attempt);
    KALAM_TRY_ASSIGN(segment_->file, cold::ObjectName::Parse(fmt::format("{}/{}{}.parquet", folder, time, suffix)));
    if (const auto path = store_.LocalPath(segment_->file); path && std::filesystem::exists(*path)) continue;
    const Status claimed = garbage_.Claim(*segment_);
    if (!claimed.ok() && claimed.error().code() == ErrorCode::kAlreadyExists) continue;
    KALAM_TRY(claimed);
    Status put = store_.PutFile(segment_->file, local_);
    if (put.ok()) return {};
    // After any other failure the file may be there all the same.
    const bool taken = put.error().code() == ErrorCode::kAlreadyExists;
    garbage_.Abandon(*segment_, !taken);
    if (!taken) return put;
  }
  return Error(ErrorCode::kIo, "no free file name in '" + folder + "'");
}

Result<cold::ManifestChange::Added> SegmentBuilder::Store(const cold::Placement& place) {
  segment_->storage_id = place.storage_id;
  segment_->root = place.root;
  if (segment_->created_at == 0) segment_->created_at = clock_.NowMicros();
  KALAM_TRY(PutUnderFreeName(place.folder));
  stored_ = true;
  return cold::ManifestChange::Added{.segment = *segment_, .filter = filter_, .keys = {}};
}

Status SegmentBuilder::PutAs(const cold::ObjectName& name) {
  KALAM_TRY(store_.PutFile(name, local_));
  segment_->file = name;
  stored_ = published_ = true;
  return {};
}

void SegmentBuilder::Published() {
  published_ = true;
  garbage_.Settled(*segment_);
}

}  // namespace kalam::jobs
