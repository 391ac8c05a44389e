#include "model/key_codec.h"

#include "base/bytes.h"

namespace kalam {
namespace {

constexpr std::uint64_t kSignBit = std::uint64_t{1} << 63;

}  // namespace

void AppendPartitionPrefix(std::string& out, TableId table, std::string_view user) {
  AppendBigEndian(out, table.value());
  out += user;
  out += '\0';
}

std::string PartitionPrefix(TableId table, const UserId& user) {
  std::string prefix;
  AppendPartitionPrefix(prefix, table, user.text());
  return prefix;
}

std::string TablePrefix(TableId table) {
  std::string prefix;
  AppendBigEndian(prefix, table.value());
  return prefix;
}

void AppendPrimaryKey(std::string& out, const Datum& pk) {
  if (pk.kind() == Datum::Kind::kInt) {
    AppendBigEndian(out, static_cast<std::uint64_t>(pk.int_value()) ^ kSignBit);
  } else {
    KALAM_CHECK(pk.kind() == Datum::Kind::kText, "primary keys are integers or text");
    out += pk.text();
  }
}

Datum DecodePrimaryKey(std::string_view key_bytes, DataType type) {
  if (type == DataType::kText) return Datum::Text(key_bytes);
  return Datum::Int(static_cast<std::int64_t>(LoadBigEndian<std::uint64_t>(key_bytes.data()) ^ kSignBit));
}

}  // namespace kalam
