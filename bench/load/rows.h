#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace kalam::bench {

// Ids have ten digits, so that every request of a workload has the same length and is made by
// copying a prepared text and overwriting digits.
inline constexpr std::uint64_t kFirstId = 1'000'000'000;
inline constexpr std::uint64_t kLastId = 9'999'999'999;
inline constexpr std::size_t kIdDigits = 10;
inline constexpr std::size_t kBodyBytes = 140;

// Writes `id` as exactly ten digits over text[0..10).
void WriteId(std::uint64_t id, char* text);

// What row `id` of the benchmark's table holds. All of it follows from the id, so that an answer
// can be checked without remembering what was written:
//
//   id, room 'room-NN', sender 'user-NNN', body "<id>-<129 letters>", ts  (about 200 bytes)
//
// Two spellings, both prepared once and read-only afterwards (any thread may use them):
// SQL literals  (1000000007, 'room-07', 'user-007', '1000000007-...', '2025-10-20T10:00:07.007Z')
// JSON values    1000000007,"room-07","user-007","1000000007-...","2025-10-20T10:00:07.007Z"
class Rows {
 public:
  static const Rows& SqlLiterals();
  static const Rows& JsonValues();

  // Appends row `id` as spelled; every row has row_bytes() bytes.
  void Append(std::uint64_t id, std::string* out) const;
  std::size_t row_bytes() const { return texts_[0].size(); }

 private:
  enum class Spelling { kSql, kJson };
  explicit Rows(Spelling spelling);

  std::size_t id_at_;
  std::size_t body_at_;
  std::array<std::string, 1000> texts_;  // by id % 1000; ids are overwritten in the copy
};

// The body of row `id` without its leading id: "-<129 letters>".
std::string_view BodyTail(std::uint64_t id);

}  // namespace kalam::bench
