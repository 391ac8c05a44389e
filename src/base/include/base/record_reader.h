#pragma once

#include "base/bytes.h"

#include <string>
#include <string_view>

namespace kalam {

// Reads the fields of a stored record one after the other. After a read beyond the end everything
// reads as zero or empty, and ok() is false: checked once, at the end.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : rest_(bytes) {}

  template <typename T>
  T Fixed() {
    if (!Has(sizeof(T))) return T{};
    const T value = LoadLittleEndian<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  // | length u32 | bytes |
  std::string_view Text() {
    const std::size_t size = Fixed<std::uint32_t>();
    if (!Has(size)) return {};
    const std::string_view text = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return text;
  }

  bool at_end() const { return rest_.empty(); }
  bool ok() const { return ok_; }

 private:
  bool Has(std::size_t bytes) {
    if (rest_.size() < bytes) {
      ok_ = false;
      rest_ = {};
    }
    return ok_;
  }

  std::string_view rest_;
  bool ok_ = true;
};

inline void AppendText(std::string& out, std::string_view text) {
  AppendLittleEndian(out, static_cast<std::uint32_t>(text.size()));
  out += text;
}

}  // namespace kalam
