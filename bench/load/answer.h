#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kalam::bench {

// Reading answers of POST /v1/api/sql with substring searches: a load generator that parsed JSON
// would spend the cores it shares with the server. Sound because the rows' texts hold neither
// quotes nor braces, and independent of the order of members.

bool Contains(std::string_view text, std::string_view wanted);

// `"status":"success"`.
bool Succeeded(std::string_view body);

// `"row_count":N`, not followed by another digit.
class RowCount {
 public:
  explicit RowCount(std::uint64_t rows);
  bool IsIn(std::string_view body) const;

 private:
  std::string member_;
};

// Looks for rows in one result, front to back. A row is there when its id is and, within a row's
// length of it, its whole body text. Rows of one result are alike, so the place of the next one is
// guessed from the last (two comparisons) before it is searched for.
class RowFinder {
 public:
  explicit RowFinder(std::string_view result) : result_(result) {}

  // Whether row `id` comes after those found before.
  bool FindNext(std::uint64_t id);

 private:
  bool FindId(std::uint64_t id);
  bool FindBody(std::uint64_t id);

  std::string_view result_;
  std::size_t id_at_ = 0;
  std::size_t id_stride_ = 0;
  std::ptrdiff_t body_from_id_ = 0;
};

}  // namespace kalam::bench
