#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/strong_id.h"

namespace kalam {

// Number of a table: a key prefix. Never reused, also not after DROP TABLE.
using TableId = StrongId<struct TableIdTag, std::uint32_t>;

// Version of a row and position in the change log: 41-bit ms since 2024-01-01 UTC | 10-bit node |
// 12-bit counter, strictly increasing in commit order. 0 means "none".
using Seq = StrongId<struct SeqTag, std::uint64_t>;

// Who owns a partition of a USER table. Letters, digits, underscore, hyphen; 1..64 characters. The
// empty id names the one partition of a SHARED table.
class UserId {
 public:
  UserId() = default;
  // Errors: kInvalidArgument.
  static Result<UserId> Parse(std::string_view text);
  // For ids that were parsed before: stored rows, the configured default user.
  static UserId FromTrusted(std::string text) { return UserId(std::move(text)); }

  const std::string& text() const { return text_; }
  bool empty() const { return text_.empty(); }
  auto operator<=>(const UserId&) const = default;

 private:
  explicit UserId(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

// `app.notes`: a namespace and a table in it.
struct TableName {
  std::string ns;
  std::string table;

  std::string ToString() const { return ns + "." + table; }
  auto operator<=>(const TableName&) const = default;
};

// Name rules of section 1.1 of the specification: ^[a-z][a-z0-9_]*$, at most 64 characters, and not
// `system` or `information_schema`. Errors: kInvalidArgument with the documented texts.
Status CheckNamespaceName(std::string_view name);
Status CheckTableName(std::string_view name);

}  // namespace kalam

template <>
struct std::hash<kalam::TableName> {
  std::size_t operator()(const kalam::TableName& name) const noexcept {
    return std::hash<std::string>{}(name.ns) * 31 + std::hash<std::string>{}(name.table);
  }
};
