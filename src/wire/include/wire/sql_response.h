#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/datum.h"
#include "wire/result_shape.h"

namespace kalam::wire {

struct ResponseOptions {
  bool int64_as_string = false;
  // The whole answer may not grow beyond this.
  std::size_t max_bytes = std::size_t{1} << 30;  // [limits] statement_memory
};

struct ResultInfo {
  std::optional<bool> cache_hit = {};
  std::string_view message = {};  // absent when empty
};

struct ErrorInfo {
  std::string_view code;
  std::string_view message;
  std::string_view details = {};  // absent when empty
};

// Writes the answer of POST /v1/api/sql straight into one string, rows first, outcome last:
//
//   {"status":"success","results":[{"rows":[...],"row_count":2,"columns":[...]}],"took_ms":3.412}
//
//   SqlResponseWriter response(body, {});
//   response.BeginRows(shape);
//   while (...) {
//     response.BeginRow();
//     response.Cell(datum);               // one per column, in order
//     KALAM_TRY(response.EndRow());       // on failure: Fail below, it drops the open result
//   }
//   response.EndRows({.cache_hit = true});
//   response.AddOutcome(2, "2 rows inserted");
//   response.Finish(took, true);          // or Fail(took, {...})
//
// `status` stands first though it is known last: a failure overwrites `"success"` with `"error"` and
// two blanks, which JSON permits there, so that a large result is never moved or copied.
//
// Not thread-safe. Allocates nothing but the string, which is the caller's and must be empty at first.
class SqlResponseWriter {
 public:
  SqlResponseWriter(std::string& out, const ResponseOptions& options);

  // --- a result with rows. `shape` must live until EndRows.
  void BeginRows(const ResultShape& shape);
  void BeginRow();
  // The next cell of the row, as the column's type has it in JSON.
  void Cell(const Datum& datum);
  // Cells for which no Datum exists. None of them checks against the column's type.
  void NullCell();
  void BoolCell(bool value);
  void IntCell(std::int64_t value);  // an integer, whatever the column's type; see int64_as_string
  void DoubleCell(double value);     // shortest exact text; NaN and infinities become null
  void FloatCell(float value);
  void TextCell(std::string_view utf8);
  // Digits of an exact number: integers beyond 64 bits (quoted if int64_as_string), decimals (never).
  void BigIntegerCell(std::string_view digits);
  void RawCell(std::string_view json);
  // Error: kLimitExceeded naming limits.statement_memory.
  Status EndRow();
  // All cells at once. The shape has as many columns.
  Status Row(std::span<const Datum> cells);
  void EndRows(const ResultInfo& info = {});

  // --- a result without rows: DDL, INSERT, UPDATE, DELETE.
  void AddOutcome(std::int64_t row_count, std::string_view message,
                  std::optional<bool> cache_hit = {});

  // Forgets the result begun last, if it is still open: before running its statement again.
  void DropOpenResult();

  // Forgets the result begun last, open or complete: it came to nothing. At most once per result.
  void DropLastResult();

  // The complete results so far, as they stand in the answer. None may be open.
  std::string_view results() const;
  // Puts in results that another answer had: what results() gave there.
  void AddResults(std::string_view results);

  // --- the end; exactly one of them, once. Fail keeps the complete results before it.
  void Finish(std::chrono::microseconds took, std::optional<bool> cache_hit = {});
  void Fail(std::chrono::microseconds took, const ErrorInfo& error);

  // Whether all results so far that say so came from a plan that was kept; nullopt when none says so.
  std::optional<bool> cache_hit() const { return cache_hit_; }

  // Rows of the open result, or of the last one.
  std::int64_t row_count() const { return row_count_; }
  std::size_t size_bytes() const { return out_.size(); }

 private:
  void BeginResult();
  void EndResult(std::optional<bool> cache_hit);
  void NextKey();

  std::string& out_;
  const ResponseOptions options_;
  const ResultShape* shape_ = nullptr;  // of the open result
  std::size_t column_ = 0;              // next cell of the open row
  std::size_t result_begin_ = 0;        // where the open result starts, its comma included
  std::int64_t row_count_ = 0;
  bool any_result_ = false;
  std::optional<bool> cache_hit_;
  std::optional<bool> cache_hit_before_;  // the last result
};

// The answer to a request that failed before its first statement.
std::string ErrorResponse(std::chrono::microseconds took, const ErrorInfo& error);

}  // namespace kalam::wire
