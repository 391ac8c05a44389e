#include "table/change_log.h"

#include "base/bytes.h"
#include "model/row_codec.h"

namespace kalam::table {
namespace {

Error Corrupt(const char* why) { return Error(ErrorCode::kCorruption, why); }

}  // namespace

void EncodeChangeHeader(ChangeOp op, std::size_t key_bytes, std::size_t row_bytes,
                        char (&out)[kChangeHeaderBytes]) {
  out[0] = static_cast<char>(op);
  StoreLittleEndian(out + 1, static_cast<std::uint32_t>(key_bytes));
  StoreLittleEndian(out + 5, static_cast<std::uint32_t>(row_bytes));
}

Result<ChangeRecord> DecodeChange(std::string_view value) {
  if (value.size() < kChangeHeaderBytes) return Corrupt("change record is too short");
  const auto op = static_cast<ChangeOp>(value[0]);
  if (op < ChangeOp::kInsert || op > ChangeOp::kDelete) {
    return Corrupt("change record of an unknown kind");
  }
  const std::size_t key_bytes = LoadLittleEndian<std::uint32_t>(value.data() + 1);
  const std::size_t row_bytes = LoadLittleEndian<std::uint32_t>(value.data() + 5);
  value.remove_prefix(kChangeHeaderBytes);
  if (value.size() < key_bytes + row_bytes) return Corrupt("change record is cut off");
  const ChangeRecord record = {.op = op,
                               .key = value.substr(0, key_bytes),
                               .row = value.substr(key_bytes, row_bytes),
                               .old_row = value.substr(key_bytes + row_bytes)};
  const bool old_row_fits = record.old_row.empty() || record.old_row.size() >= kRowHeaderBytes;
  if (record.row.size() < kRowHeaderBytes || !old_row_fits) {
    return Corrupt("change record with a row that is too short");
  }
  return record;
}

Result<Seq> DecodeLogKeySeq(std::string_view log_key) {
  if (log_key.size() < sizeof(std::uint64_t)) return Corrupt("log key is too short");
  return Seq(LoadBigEndian<std::uint64_t>(log_key.data() + log_key.size() - sizeof(std::uint64_t)));
}

}  // namespace kalam::table
