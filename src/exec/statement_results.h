#pragma once

#include "query/inspection.h"
#include "statement_context.h"

#include <string>

// The results of statements that are not queries.
namespace kalam::exec {

// A statement that only says how it went.
inline Status Done(StatementContext& context, const std::string& message) {
  context.response.AddOutcome(0, message);
  return {};
}

// The rows of SHOW and DESCRIBE.
inline Status Show(const query::Listing& listing, StatementContext& context) {
  std::vector<wire::ResultColumn> columns;
  for (const auto& column : listing.columns) columns.push_back({column.name, column.type});
  const wire::ResultShape shape(std::move(columns));
  context.response.BeginRows(shape);
  query::Row row;
  while (listing.rows(row)) {
    context.response.BeginRow();
    for (const Value& value : row) context.response.Cell(value.view());
    KALAM_TRY(context.response.EndRow());
  }
  context.response.EndRows();
  return {};
}

}  // namespace kalam::exec
