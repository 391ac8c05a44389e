#include "kalam/error.h"
#include "kalam/response.h"

#include <algorithm>
#include <charconv>

namespace kalam {
inline namespace link_v1 {

namespace {

template <typename T>
std::optional<T> ParseNumber(const Cell& cell) {
  if (cell.kind() != Cell::Kind::kNumber) return std::nullopt;
  const std::string_view text = cell.text();
  T value{};
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::int64_t> Cell::AsInt64() const { return ParseNumber<std::int64_t>(*this); }

std::optional<double> Cell::AsDouble() const { return ParseNumber<double>(*this); }

std::optional<bool> Cell::AsBool() const {
  if (kind_ != Kind::kBool) return std::nullopt;
  return text_ == "true";
}

std::size_t Row::size() const { return rows_->columns().size(); }

Cell Row::operator[](std::size_t column) const { return rows_->at(index_, column); }

Cell Row::operator[](std::string_view column) const {
  const auto index = rows_->IndexOf(column);
  return index ? rows_->at(index_, *index) : Cell();
}

Cell Rows::at(std::size_t row, std::size_t column) const {
  const Span& span = cells_[row * columns_.size() + column];
  return Cell(span.kind, std::string_view(text_).substr(span.offset, span.size));
}

std::optional<std::size_t> Rows::IndexOf(std::string_view column) const {
  const auto found = std::find(columns_.begin(), columns_.end(), column);
  if (found == columns_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - columns_.begin());
}

void Rows::SetInLastRow(std::size_t column, Cell::Kind kind, std::string_view text) {
  Span& span = cells_[cells_.size() - columns_.size() + column];
  span = Span{text_.size(), static_cast<std::uint32_t>(text.size()), kind};
  text_.append(text);
}

const char* ToString(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kConnection:
      return "connection";
    case ErrorKind::kAuthentication:
      return "authentication";
    case ErrorKind::kSql:
      return "sql";
    case ErrorKind::kInvalidUrl:
      return "invalid url";
    case ErrorKind::kInvalidJwt:
      return "invalid token";
    case ErrorKind::kInvalidRequest:
      return "invalid request";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kHttp:
      return "http";
    case ErrorKind::kWebSocket:
      return "websocket";
    case ErrorKind::kSerialization:
      return "serialization";
    case ErrorKind::kCancelled:
      return "cancelled";
    case ErrorKind::kSubscription:
      return "subscription";
  }
  return "unknown";
}

}  // namespace link_v1
}  // namespace kalam
