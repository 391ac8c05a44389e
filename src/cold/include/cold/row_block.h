#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cold {

// Consecutive rows of one segment, decoded: all that it holds from the first key to the last, hidden ones included, as
// rows of the segment's schema version. Immutable.
class RowBlock {
 public:
  class Builder;

  std::size_t size() const { return places_.size(); }
  bool empty() const { return places_.empty(); }
  // By ascending key (key form). Valid as long as the block.
  std::string_view key(std::size_t row) const {
    return std::string_view(bytes_).substr(places_[row].key, places_[row].row - places_[row].key);
  }
  std::string_view row(std::size_t row) const {
    const std::size_t end = row + 1 < size() ? places_[row + 1].key : bytes_.size();
    return std::string_view(bytes_).substr(places_[row].row, end - places_[row].row);
  }

  // Whether it says everything about the key: its row is here or not in the segment.
  bool Covers(std::string_view sought) const { return !empty() && key(0) <= sought && sought <= key(size() - 1); }
  // The first row whose key is not smaller; size() when there is none.
  std::size_t LowerBound(std::string_view sought) const;
  std::size_t memory() const { return sizeof(*this) + bytes_.capacity() + places_.capacity() * sizeof(Place); }

 private:
  struct Place {
    std::uint32_t key = 0;  // where it begins in bytes_; the row follows it
    std::uint32_t row = 0;
  };
  std::string bytes_;
  std::vector<Place> places_;
};
using RowBlockPtr = std::shared_ptr<const RowBlock>;

class RowBlock::Builder {
 public:
  // Keys ascend. At most 4 GB in all.
  void Add(std::string_view key, std::string_view row);
  std::size_t rows() const { return block_.size(); }
  std::size_t bytes() const { return block_.bytes_.size(); }
  RowBlockPtr Finish();

 private:
  RowBlock block_;
};

}  // namespace kalam::cold
