#include "sql_api.h"

#include "base/check.h"
#include "rows.h"

#include <array>
#include <charconv>
#include <functional>
#include <iterator>

#include <fmt/format.h>

namespace kalam::bench {
namespace {

std::string_view After(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  return at == std::string_view::npos ? std::string_view() : text.substr(at + mark.size());
}

std::uint64_t ReadId(std::string_view digits) {
  std::uint64_t id = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), id);
  return id;
}

// A token's claims begin with {"sub":"bench-000001"; these 21 bytes are 28 letters of Base64.
std::string_view User(std::string_view head) {
  return After(After(head, "Bearer "), ".").substr(0, 28);
}

std::uint64_t Owner(std::string_view user, std::string_view from_table) {
  const std::hash<std::string_view> hash;
  return hash(from_table.substr(0, from_table.find_first_of(" \""))) * 31 + hash(user);
}

void AppendAnswer(std::string_view json, std::string* out) {
  fmt::format_to(
      std::back_inserter(*out),
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
      json.size(), json);
}

// Rows as kalam-bench spells them: an id of ten digits, then four texts in `quote`s without any
// inside.
class RowReader {
 public:
  RowReader(std::string_view rows, char quote) : rows_(rows), quote_(quote) {}

  bool Next() {
    const std::size_t at = rows_.find_first_of("0123456789");
    if (at == std::string_view::npos) return false;
    id = ReadId(rows_.substr(at, kIdDigits));
    rows_.remove_prefix(at + kIdDigits);
    for (auto& text : texts) {
      rows_.remove_prefix(rows_.find(quote_) + 1);
      text = rows_.substr(0, rows_.find(quote_));
      rows_.remove_prefix(text.size() + 1);
    }
    return true;
  }

  std::uint64_t id = 0;
  std::array<std::string_view, 4> texts;  // room, sender, body, ts

 private:
  std::string_view rows_;
  const char quote_;
};

void WriteRow(const RowReader& row, std::string* out) {
  constexpr std::array<std::string_view, 4> kNames = {R"(,"room":")", R"(","sender":")",
                                                      R"(","body":")", R"(","ts":")"};
  *out = R"({"id":)";
  out->resize(out->size() + kIdDigits);
  WriteId(row.id, out->data() + out->size() - kIdDigits);
  for (std::size_t i = 0; i < kNames.size(); ++i) out->append(kNames[i]).append(row.texts[i]);
  *out += "\"}";
}

}  // namespace

bool SqlApi::Answer(std::string_view head, std::string_view body, std::string* out) {
  if (head.starts_with("GET ")) {
    AppendAnswer(R"({"status":"healthy"})", out);
    return false;
  }
  if (body.starts_with(R"({"sql":"INSERT )")) return Insert(User(head), body, out);
  Select(User(head), body, out);
  return false;
}

bool SqlApi::Insert(std::string_view user, std::string_view body, std::string* out) {
  const std::uint64_t owner = Owner(user, After(body, "INTO "));
  const std::string_view parameters = After(body, R"("params":[)");
  RowReader rows =
      parameters.empty() ? RowReader(After(body, "VALUES "), '\'') : RowReader(parameters, '"');
  int count = 0;
  for (; rows.Next(); ++count) {
    WriteRow(rows, &row_);
    store_.Put(owner, rows.id, row_);
  }
  AppendAnswer(fmt::format(R"({{"status":"success","results":[{{"row_count":{}}}]}})", count), out);
  return true;
}

void SqlApi::Select(std::string_view user, std::string_view body, std::string* out) {
  const std::uint64_t owner = Owner(user, After(body, "FROM "));
  const std::string_view limit = After(body, "LIMIT ");
  rows_ = R"({"status":"success","results":[{"rows":[)";
  const int count = limit.empty() ? store_.Find(owner, ReadId(After(body, "WHERE id = ")), &rows_)
                                  : store_.Newest(owner, static_cast<int>(ReadId(limit)), &rows_);
  fmt::format_to(std::back_inserter(rows_), R"(],"row_count":{}}}]}})", count);
  AppendAnswer(rows_, out);
}

}  // namespace kalam::bench
