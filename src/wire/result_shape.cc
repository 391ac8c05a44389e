#include "wire/result_shape.h"

#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "base/json_writer.h"

namespace kalam::wire {
namespace {

// Gives each column a name of its own.
void MakeNamesUnique(std::vector<ResultColumn>& columns) {
  std::unordered_set<std::string> taken;
  std::vector<ResultColumn*> repeated;
  for (ResultColumn& column : columns) {
    if (!taken.insert(column.name).second) repeated.push_back(&column);
  }
  // Names as written come first: of `n`, `n`, `n_1` the second becomes `n_2`.
  std::unordered_map<std::string, int> last_number;  // so that a thousand `n` are not a million look-ups
  for (ResultColumn* column : repeated) {
    int& number = last_number.try_emplace(column->name, 0).first->second;
    std::string name;
    do {
      name = fmt::format("{}_{}", column->name, ++number);
    } while (!taken.insert(name).second);
    column->name = std::move(name);
  }
}

}  // namespace

ResultShape::ResultShape(std::vector<ResultColumn> columns) : columns_(std::move(columns)) {
  MakeNamesUnique(columns_);
  keys_.reserve(columns_.size());
  names_json_ = "[";
  for (const ResultColumn& column : columns_) {
    std::string quoted;
    AppendJsonString(quoted, column.name);
    if (!keys_.empty()) names_json_ += ',';
    names_json_ += quoted;
    keys_.push_back((keys_.empty() ? "" : ",") + quoted + ":");
  }
  names_json_ += ']';
}

}  // namespace kalam::wire
