#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "model/data_type.h"

namespace kalam::wire {

struct ResultColumn {
  std::string name;
  DataType type = DataType::kText;
};

// The columns of a result set with everything about them that is the same in each row: keys, escaped
// and quoted once. Immutable, so a cached plan can own one and every request share it.
//
// Of columns with the same name the second becomes `n_1`, the third `n_2` (skipping names that are
// taken), so that each has a key of its own in the row objects.
class ResultShape {
 public:
  ResultShape() = default;
  explicit ResultShape(std::vector<ResultColumn> columns);

  std::size_t size() const { return columns_.size(); }
  const std::vector<ResultColumn>& columns() const { return columns_; }
  DataType type(std::size_t column) const { return columns_[column].type; }
  // `"id":` for the first column, `,"body":` for those after it.
  std::string_view key(std::size_t column) const { return keys_[column]; }
  // `["id","body"]`
  std::string_view names_json() const { return names_json_; }

 private:
  std::vector<ResultColumn> columns_;  // with their final names
  std::vector<std::string> keys_;
  std::string names_json_ = "[]";
};

}  // namespace kalam::wire
