#include "answer.h"

#include <fmt/format.h>
#include <string.h>

#include <array>

#include "rows.h"

namespace kalam::bench {
namespace {

constexpr std::size_t kMaxRowBytes = 512;

std::size_t Find(std::string_view text, std::string_view wanted, std::size_t from) {
  const void* found = memmem(text.data() + from, text.size() - from, wanted.data(), wanted.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

bool IsAt(std::string_view text, std::size_t at, std::string_view wanted) {
  return at <= text.size() && text.substr(at).starts_with(wanted);
}

}  // namespace

bool Contains(std::string_view text, std::string_view wanted) {
  return Find(text, wanted, 0) != std::string_view::npos;
}

bool Succeeded(std::string_view body) { return Contains(body, R"("status":"success")"); }

RowCount::RowCount(std::uint64_t rows) : member_(fmt::format(R"("row_count":{})", rows)) {}

bool RowCount::IsIn(std::string_view body) const {
  const std::size_t at = Find(body, member_, 0);
  if (at == std::string_view::npos) return false;
  const std::size_t after = at + member_.size();
  return after == body.size() || body[after] < '0' || body[after] > '9';
}

bool RowFinder::FindNext(std::uint64_t id) { return FindId(id) && FindBody(id); }

bool RowFinder::FindId(std::uint64_t id) {
  constexpr std::string_view kMember = R"("id":)";
  std::array<char, kMember.size() + kIdDigits> text;
  memcpy(text.data(), kMember.data(), kMember.size());
  WriteId(id, text.data() + kMember.size());
  const std::string_view wanted(text.data(), text.size());

  std::size_t at = id_at_ + id_stride_;
  if (!IsAt(result_, at, wanted)) at = Find(result_, wanted, id_at_);
  if (at == std::string_view::npos) return false;
  id_stride_ = at - id_at_;
  id_at_ = at;
  return true;
}

bool RowFinder::FindBody(std::uint64_t id) {
  std::array<char, 1 + kBodyBytes + 1> text;
  text.front() = text.back() = '"';
  WriteId(id, text.data() + 1);
  const std::string_view tail = BodyTail(id);
  memcpy(text.data() + 1 + kIdDigits, tail.data(), tail.size());
  const std::string_view wanted(text.data(), text.size());

  const auto id_at = static_cast<std::ptrdiff_t>(id_at_);
  const std::ptrdiff_t guess = id_at + body_from_id_;
  if (guess >= 0 && IsAt(result_, static_cast<std::size_t>(guess), wanted)) return true;
  const std::size_t begin = id_at_ > kMaxRowBytes ? id_at_ - kMaxRowBytes : 0;
  const std::size_t at = Find(result_.substr(0, id_at_ + kMaxRowBytes), wanted, begin);
  if (at == std::string_view::npos) return false;
  body_from_id_ = static_cast<std::ptrdiff_t>(at) - id_at;
  return true;
}

}  // namespace kalam::bench
