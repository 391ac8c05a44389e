#include "wire/sql_response.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "base/check.h"
#include "base/json_writer.h"
#include "wire/cell_json.h"

namespace kalam::wire {
namespace {

constexpr std::string_view kHead = R"({"status":"success","results":[)";
constexpr std::size_t kStatusAt = std::string_view(R"({"status":)").size();
// As long as `"success"`.
constexpr std::string_view kErrorStatus = R"("error"  )";

template <typename Number>
void AppendNumber(std::string& out, Number value) {
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out.append(digits, static_cast<std::size_t>(end - digits));
}

// Milliseconds with three decimals: `3.412`.
void AppendTook(std::string& out, std::chrono::microseconds took) {
  const auto micros = took.count() < 0 ? 0 : took.count();
  const auto fraction = static_cast<int>(micros % 1000);
  out += R"("took_ms":)";
  AppendNumber(out, micros / 1000);
  const char decimals[] = {'.', static_cast<char>('0' + fraction / 100),
                           static_cast<char>('0' + fraction / 10 % 10),
                           static_cast<char>('0' + fraction % 10)};
  out.append(decimals, sizeof(decimals));
}

void AppendCacheHit(std::string& out, std::optional<bool> cache_hit) {
  if (cache_hit) out += *cache_hit ? R"(,"cache_hit":true)" : R"(,"cache_hit":false)";
}

template <typename Float>
void AppendFloat(std::string& out, Float value) {
  if (std::isfinite(value)) {
    AppendNumber(out, value);
  } else {
    out += "null";
  }
}

}  // namespace

SqlResponseWriter::SqlResponseWriter(std::string& out, const ResponseOptions& options)
    : out_(out), options_(options) {
  KALAM_CHECK(out_.empty(), "the answer starts in an empty string");
  out_ += kHead;
}

void SqlResponseWriter::BeginResult() {
  KALAM_CHECK(shape_ == nullptr, "the result before is still open");
  result_begin_ = out_.size();
  row_count_ = 0;
  out_ += any_result_ ? ",{" : "{";
}

void SqlResponseWriter::BeginRows(const ResultShape& shape) {
  BeginResult();
  shape_ = &shape;
  out_ += R"("rows":[)";
}

void SqlResponseWriter::BeginRow() {
  out_ += row_count_ == 0 ? "{" : ",{";
  column_ = 0;
}

void SqlResponseWriter::NextKey() { out_ += shape_->key(column_++); }

void SqlResponseWriter::Cell(const Datum& datum) {
  const DataType type = shape_->type(column_);
  NextKey();
  AppendCell(out_, datum, type, options_.int64_as_string);
}

void SqlResponseWriter::NullCell() {
  NextKey();
  out_ += "null";
}

void SqlResponseWriter::BoolCell(bool value) {
  NextKey();
  out_ += value ? "true" : "false";
}

void SqlResponseWriter::IntCell(std::int64_t value) {
  const bool quoted = options_.int64_as_string && shape_->type(column_) == DataType::kBigInt;
  NextKey();
  if (quoted) out_ += '"';
  AppendNumber(out_, value);
  if (quoted) out_ += '"';
}

void SqlResponseWriter::DoubleCell(double value) {
  NextKey();
  AppendFloat(out_, value);
}

void SqlResponseWriter::FloatCell(float value) {
  NextKey();
  AppendFloat(out_, value);
}

void SqlResponseWriter::TextCell(std::string_view utf8) {
  NextKey();
  AppendJsonString(out_, utf8);
}

void SqlResponseWriter::BigIntegerCell(std::string_view digits) {
  NextKey();
  AppendDigits(out_, digits, options_.int64_as_string);
}

void SqlResponseWriter::RawCell(std::string_view json) {
  NextKey();
  out_ += json;
}

Status SqlResponseWriter::EndRow() {
  KALAM_CHECK(column_ == shape_->size(), "a row has one cell per column");
  out_ += '}';
  ++row_count_;
  if (out_.size() > options_.max_bytes) {
    return Error(ErrorCode::kLimitExceeded,
                 fmt::format("result is larger than {} bytes (limits.statement_memory)",
                             options_.max_bytes));
  }
  return {};
}

Status SqlResponseWriter::Row(std::span<const Datum> cells) {
  BeginRow();
  for (const Datum& cell : cells) Cell(cell);
  return EndRow();
}

void SqlResponseWriter::EndRows(const ResultInfo& info) {
  KALAM_CHECK(shape_ != nullptr, "BeginRows comes first");
  out_ += R"(],"row_count":)";
  AppendNumber(out_, row_count_);
  out_ += R"(,"columns":)";
  out_ += shape_->names_json();
  if (!info.message.empty()) {
    out_ += R"(,"message":)";
    AppendJsonString(out_, info.message);
  }
  shape_ = nullptr;
  EndResult(info.cache_hit);
}

void SqlResponseWriter::AddOutcome(std::int64_t row_count, std::string_view message,
                                   std::optional<bool> cache_hit) {
  BeginResult();
  row_count_ = row_count;
  out_ += R"("row_count":)";
  AppendNumber(out_, row_count);
  out_ += R"(,"columns":[],"message":)";
  AppendJsonString(out_, message);
  EndResult(cache_hit);
}

void SqlResponseWriter::EndResult(std::optional<bool> cache_hit) {
  AppendCacheHit(out_, cache_hit);
  out_ += '}';
  any_result_ = true;
  cache_hit_before_ = cache_hit_;
  if (cache_hit) cache_hit_ = cache_hit_.value_or(true) && *cache_hit;
}

void SqlResponseWriter::DropOpenResult() {
  if (shape_ == nullptr) return;
  out_.resize(result_begin_);
  shape_ = nullptr;
  row_count_ = 0;
}

void SqlResponseWriter::DropLastResult() {
  KALAM_CHECK(result_begin_ >= kHead.size(), "there is a result to drop");
  out_.resize(result_begin_);
  if (shape_ == nullptr) cache_hit_ = cache_hit_before_;
  shape_ = nullptr;
  row_count_ = 0;
  any_result_ = result_begin_ > kHead.size();
}

std::string_view SqlResponseWriter::results() const {
  KALAM_CHECK(shape_ == nullptr, "the last result is still open");
  return std::string_view(out_).substr(kHead.size());
}

void SqlResponseWriter::AddResults(std::string_view results) {
  if (results.empty()) return;
  BeginResult();
  out_.back() = results.front();  // both begin with the brace
  out_ += results.substr(1);
  any_result_ = true;
}

void SqlResponseWriter::Finish(std::chrono::microseconds took, std::optional<bool> cache_hit) {
  KALAM_CHECK(shape_ == nullptr, "the last result is still open");
  out_ += "],";
  AppendTook(out_, took);
  AppendCacheHit(out_, cache_hit);
  out_ += '}';
}

void SqlResponseWriter::Fail(std::chrono::microseconds took, const ErrorInfo& error) {
  DropOpenResult();
  out_.replace(kStatusAt, kErrorStatus.size(), kErrorStatus);
  out_ += "],";
  AppendTook(out_, took);
  out_ += R"(,"error":{"code":)";
  AppendJsonString(out_, error.code);
  out_ += R"(,"message":)";
  AppendJsonString(out_, error.message);
  if (!error.details.empty()) {
    out_ += R"(,"details":)";
    AppendJsonString(out_, error.details);
  }
  out_ += "}}";
}

std::string ErrorResponse(std::chrono::microseconds took, const ErrorInfo& error) {
  std::string body;
  SqlResponseWriter(body, {}).Fail(took, error);
  return body;
}

}  // namespace kalam::wire
