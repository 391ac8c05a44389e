#include "model/row_layout.h"

#include "model/row_codec.h"

namespace kalam {

RowLayout::RowLayout(std::vector<DataType> types) : types_(std::move(types)) {
  auto offset = static_cast<std::uint32_t>(kRowHeaderBytes + (types_.size() + 7) / 8);
  std::int32_t last_variable = -1;
  for (std::size_t i = 0; i < types_.size(); ++i) {
    slots_.push_back(offset);
    previous_variable_.push_back(last_variable);
    offset += static_cast<std::uint32_t>(SlotBytes(types_[i]));
    if (IsVariableWidth(types_[i])) last_variable = static_cast<std::int32_t>(i);
  }
  variable_offset_ = offset;
}

}  // namespace kalam
