#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "duck/engine.h"
#include "wire/sql_response.h"

namespace kalam::exec {

// Writes rows into the answer as the engine makes them. Leaves the result open; must outlive it.
class ResponseSink final : public duck::RowSink {
 public:
  explicit ResponseSink(wire::SqlResponseWriter& response) : response_(response) {}

  Status OnColumns(std::vector<duck::OutputColumn> columns) override {
    std::vector<wire::ResultColumn> shown;
    for (auto& column : columns) shown.push_back({std::move(column.name), column.type});
    shape_.emplace(std::move(shown));
    response_.BeginRows(*shape_);
    return {};
  }

  Status OnRow(std::span<const duck::Cell> row) override {
    response_.BeginRow();
    for (const duck::Cell& cell : row) {
      switch (cell.form) {
        case duck::Cell::Form::kDigits: response_.BigIntegerCell(cell.text); break;
        case duck::Cell::Form::kJson: response_.RawCell(cell.text); break;
        default: response_.Cell(cell.datum);
      }
    }
    return response_.EndRow();
  }

 private:
  wire::SqlResponseWriter& response_;
  std::optional<wire::ResultShape> shape_;
};

}  // namespace kalam::exec
