#include "table/change_log.h"

#include "base/bytes.h"
#include "model/row_codec.h"

namespace kalam::table {
namespace {

Error Corrupt(const char* why) { return Error(ErrorCode::kCorruption, why); }

}  // namespace

std::size_t AppendChange(std::string& value, const ChangeRecord& change) {
  char header[kChangeHeaderBytes];
  header[0] = static_cast<char>(change.op);
  StoreLittleEndian(header + 1, static_cast<std::uint32_t>(change.key.size()));
  StoreLittleEndian(header + 5, static_cast<std::uint32_t>(change.row.size()));
  StoreLittleEndian(header + 9, static_cast<std::uint32_t>(change.old_row.size()));
  value.append(header, sizeof(header)).append(change.key);
  const std::size_t row = value.size();
  value.append(change.row).append(change.old_row);
  return row;
}

Result<ChangeRecord> TakeChange(std::string_view& value) {
  if (value.size() < kChangeHeaderBytes) return Corrupt("change record is too short");
  const auto op = static_cast<ChangeOp>(value[0]);
  if (op < ChangeOp::kInsert || op > ChangeOp::kDelete) {
    return Corrupt("change record of an unknown kind");
  }
  const std::size_t key_bytes = LoadLittleEndian<std::uint32_t>(value.data() + 1);
  const std::size_t row_bytes = LoadLittleEndian<std::uint32_t>(value.data() + 5);
  const std::size_t old_row_bytes = LoadLittleEndian<std::uint32_t>(value.data() + 9);
  const std::string_view body = value.substr(kChangeHeaderBytes);
  if (body.size() < key_bytes + row_bytes + old_row_bytes) return Corrupt("change record is cut off");
  if (row_bytes < kRowHeaderBytes || (old_row_bytes != 0 && old_row_bytes < kRowHeaderBytes)) {
    return Corrupt("change record with a row that is too short");
  }
  value = body.substr(key_bytes + row_bytes + old_row_bytes);
  return ChangeRecord{.op = op,
                      .key = body.substr(0, key_bytes),
                      .row = body.substr(key_bytes, row_bytes),
                      .old_row = body.substr(key_bytes + row_bytes, old_row_bytes)};
}

Result<Seq> DecodeLogKeySeq(std::string_view log_key) {
  if (log_key.size() < sizeof(std::uint64_t)) return Corrupt("log key is too short");
  return Seq(LoadBigEndian<std::uint64_t>(log_key.data() + log_key.size() - sizeof(std::uint64_t)));
}

}  // namespace kalam::table
