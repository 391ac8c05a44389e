#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "model/data_type.h"

namespace kalam {

// Where each column of one schema version lies in an encoded row (see row_codec.h).
class RowLayout {
 public:
  RowLayout() = default;
  explicit RowLayout(std::vector<DataType> types);

  std::size_t column_count() const { return types_.size(); }
  DataType type(std::size_t column) const { return types_[column]; }
  // Offset of a column's slot from the row's first byte.
  std::uint32_t slot(std::size_t column) const { return slots_[column]; }
  // Number of the variable-width column before this one, or -1: its end is this one's begin.
  std::int32_t previous_variable(std::size_t column) const { return previous_variable_[column]; }
  // Offset of the variable part.
  std::uint32_t variable_offset() const { return variable_offset_; }

 private:
  std::vector<DataType> types_;
  std::vector<std::uint32_t> slots_;
  std::vector<std::int32_t> previous_variable_;
  std::uint32_t variable_offset_ = 0;
};

}  // namespace kalam
