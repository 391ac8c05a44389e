#include "import/batch_loader.h"

#include <algorithm>
#include <chrono>
#include <thread>

namespace kalam::cli {

namespace {

constexpr int kMaxLosses = 5;
constexpr int kMaxRateLimitPauses = 60;
constexpr std::chrono::milliseconds kLossPause{500};  // times the number of losses in a row
constexpr std::chrono::milliseconds kRateLimitPause{1000};

bool IsDuplicateKey(const Error& error) {
  return error.message.find("duplicate key") != std::string::npos;
}

bool IsLoss(const Error& error) {
  return error.kind == ErrorKind::kConnection || error.kind == ErrorKind::kTimeout;
}

// Whether the server judged the rows. Everything else would be the same for any rows.
bool IsAboutRows(const Error& error) {
  if (error.http_status == 413) return true;
  if (error.kind != ErrorKind::kSql) return false;
  if (error.http_status == 403 || error.http_status == 429 || error.http_status >= 500)
    return false;
  return error.code != "TABLE_NOT_FOUND" && error.code != "PERMISSION_DENIED";
}

bool HasKeys(std::span<const EncodedRow> rows) {
  return std::any_of(rows.begin(), rows.end(), [](const EncodedRow& row) { return row.key; });
}

}  // namespace

std::optional<Error> BatchLoader::Load(const ColumnSet& columns, std::vector<EncodedRow> rows) {
  insert_head_ = "INSERT INTO " + table_->name + " (";
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) insert_head_ += ", ";
    insert_head_ += QuoteIdentifier(table_->columns[columns[i]].name);
  }
  insert_head_ += ") VALUES ";

  Batch batch = DropRepeated(rows);
  if (resuming_ && HasKeys(batch)) {
    auto fresh = DropExisting(batch);
    if (!fresh) return std::move(fresh).error();
    resuming_ = fresh->size() < batch.size();
    return LoadNew(*fresh, true);
  }
  return LoadNew(batch, false);
}

std::optional<Error> BatchLoader::LoadNew(Batch rows, bool looked_up) {
  if (rows.empty()) return std::nullopt;
  const auto inserted = Insert(rows);
  if (inserted) {
    losses_ = 0;
    report_->AddInserted(rows.size());
    return std::nullopt;
  }
  const Error& error = inserted.error();
  const bool keys = HasKeys(rows);
  const bool lost = IsLoss(error) && keys && ++losses_ <= kMaxLosses;
  if (!lost && !IsAboutRows(error)) return error;

  // After a lost connection nobody knows whether the rows arrived: asking tells. The same question
  // finds the rows of an earlier run.
  if (lost || (!looked_up && keys && IsDuplicateKey(error))) {
    if (lost) std::this_thread::sleep_for(kLossPause * losses_);
    resuming_ = true;
    auto fresh = DropExisting(rows);
    if (!fresh) return std::move(fresh).error();
    return LoadNew(*fresh, true);
  }
  if (rows.size() == 1) {
    Refuse(rows.front(), error);
    return std::nullopt;
  }
  const std::size_t half = rows.size() / 2;
  if (auto failed = LoadNew(rows.first(half), looked_up)) return failed;
  return LoadNew(rows.subspan(half), looked_up);
}

// Two rows of one file with the same key: the first one counts.
BatchLoader::Batch BatchLoader::DropRepeated(Batch rows) {
  std::unordered_set<std::string_view> seen;
  std::vector<bool> repeated(rows.size());
  std::size_t count = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i].key || seen.insert(*rows[i].key).second) continue;
    report_->AddRefused(rows[i].position, rows[i].raw,
                        "duplicate key: an earlier record of the file has the same primary key");
    repeated[i] = true;
    ++count;
  }
  if (count == 0) return rows;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (repeated[i]) continue;
    if (kept != i) rows[kept] = std::move(rows[i]);
    ++kept;
  }
  return rows.first(kept);
}

Result<BatchLoader::Batch> BatchLoader::DropExisting(Batch rows) {
  const TargetColumn& key = table_->columns[*table_->primary_key()];
  const std::string column = QuoteIdentifier(key.name);
  std::string sql = "SELECT " + column + " FROM " + table_->name + " WHERE " + column + " IN (";
  bool first = true;
  for (const EncodedRow& row : rows) {
    if (!row.key) continue;
    if (!first) sql += ",";
    first = false;
    if (key.column_class == ColumnClass::kInteger) {
      sql += *row.key;
    } else {
      AppendSqlText(*row.key, &sql);
    }
  }
  const auto response = query_(sql + ")");
  if (!response) return response.error();
  std::unordered_set<std::string_view> existing;
  for (const StatementResult& result : response->results) {
    for (const Row row : result.rows) existing.insert(row[std::size_t{0}].text());
  }
  const auto fresh_end = std::stable_partition(
      rows.begin(), rows.end(),
      [&](const EncodedRow& row) { return !row.key || !existing.contains(*row.key); });
  const auto fresh = static_cast<std::size_t>(fresh_end - rows.begin());
  report_->AddAlreadyThere(rows.size() - fresh);
  return rows.first(fresh);
}

Result<Response> BatchLoader::Insert(Batch rows) {
  std::string sql = insert_head_;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) sql += ",";
    sql += rows[i].tuple;
  }
  for (int pause = 0;; ++pause) {
    auto response = query_(sql);
    const bool too_fast = !response && response.error().http_status == 429;
    if (!too_fast || pause == kMaxRateLimitPauses) return response;
    std::this_thread::sleep_for(kRateLimitPause);
  }
}

void BatchLoader::Refuse(const EncodedRow& row, const Error& error) {
  // Its key came to be between the look-up and the INSERT, or an earlier part of the file has it.
  if (IsDuplicateKey(error) && row.key) {
    report_->AddAlreadyThere(1);
    return;
  }
  report_->AddRefused(row.position, row.raw, error.message);
}

}  // namespace kalam::cli
