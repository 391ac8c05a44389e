#include <optional>

#include "statement_context.h"

namespace kalam::exec {
namespace {

// Writes rows into the answer as the engine makes them.
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

}  // namespace

Status RunSelect(duck::ParsedStatement statement, StatementContext& context) {
  KALAM_TRY_ASSIGN(auto snapshot, context.Snapshot());
  StatementResolver resolver(context.services, context.options.error_style, context.who, std::move(snapshot),
                             StatementResolver::DeletedRows::kOnRequest);
  ResponseSink sink(context.response);
  KALAM_TRY(context.services.engine.Select(std::move(statement), context.query_context(resolver), sink));
  context.response.EndRows({.cache_hit = false});
  return {};
}

}  // namespace kalam::exec
