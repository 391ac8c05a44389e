#include "statement.h"

namespace kalam::bench {

void Parameters::Clear() {
  bytes_.clear();
  lengths_.clear();
}

void Parameters::AddInteger(std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) bytes_ += static_cast<char>(value >> shift);
  lengths_.push_back(8);
}

void Parameters::AddText(std::string_view text, std::string_view more) {
  bytes_ += text;
  bytes_ += more;
  lengths_.push_back(static_cast<int>(text.size() + more.size()));
}

const char* const* Parameters::values() {
  values_.clear();
  const char* at = bytes_.data();
  for (const int length : lengths_) {
    values_.push_back(at);
    at += length;
  }
  return values_.data();
}

const int* Parameters::formats() {
  formats_.resize(lengths_.size(), 1);
  return formats_.data();
}

std::uint64_t IntegerAt(const PGresult* result, int row, int column) {
  std::uint64_t value = 0;
  for (const char byte : TextAt(result, row, column))
    value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

std::string_view TextAt(const PGresult* result, int row, int column) {
  return {PQgetvalue(result, row, column),
          static_cast<std::size_t>(PQgetlength(result, row, column))};
}

}  // namespace kalam::bench
