#include "cold/row_block.h"

#include <utility>

namespace kalam::cold {

std::size_t RowBlock::LowerBound(std::string_view sought) const {
  std::size_t begin = 0, end = size();
  while (begin < end) {
    const std::size_t middle = begin + (end - begin) / 2;
    if (key(middle) < sought) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

void RowBlock::Builder::Add(std::string_view key, std::string_view row) {
  Place place;
  place.key = static_cast<std::uint32_t>(block_.bytes_.size());
  block_.bytes_ += key;
  place.row = static_cast<std::uint32_t>(block_.bytes_.size());
  block_.bytes_ += row;
  block_.places_.push_back(place);
}

RowBlockPtr RowBlock::Builder::Finish() {
  block_.bytes_.shrink_to_fit();
  block_.places_.shrink_to_fit();
  return std::make_shared<const RowBlock>(std::exchange(block_, {}));
}

}  // namespace kalam::cold
