#include "export/table_pages.h"

#include "exit_code.h"

#include <utility>

namespace kalam::cli {

namespace {

Param KeyParam(const Cell& cell) {
  if (const auto number = cell.AsInt64()) return Param(*number);
  return Param(cell.text());
}

}  // namespace

Result<TablePages> TablePages::Open(const Client& client, const std::string& table, std::string where, int page_rows) {
  auto described = DescribeTable(client, table);
  if (!described) return described.error();
  const auto key_column = described->primary_key();
  if (!key_column) return UsageError("table " + table + " has no primary key");
  return TablePages(client, *std::move(described), *key_column, std::move(where), page_rows);
}

TablePages::TablePages(const Client& client, TargetTable table, std::size_t key_column, std::string where,
                       int page_rows)
    : client_(client),
      table_(std::move(table)),
      key_column_(key_column),
      where_(std::move(where)),
      page_rows_(page_rows) {}

std::string TablePages::PageQuery() const {
  const std::string key = QuoteIdentifier(table_.columns[key_column_].name);
  std::string sql = "SELECT ";
  for (const TargetColumn& column : table_.columns) {
    if (&column != table_.columns.data()) sql += ", ";
    sql += QuoteIdentifier(column.name);
  }
  sql += " FROM " + table_.name;
  std::string where = where_.empty() ? "" : "(" + where_ + ")";
  if (!last_key_.empty()) where += (where.empty() ? "" : " AND ") + key + " > $1";
  if (!where.empty()) sql += " WHERE " + where;
  return sql + " ORDER BY " + key + " LIMIT " + std::to_string(page_rows_);
}

Result<std::optional<StatementResult>> TablePages::Next() {
  if (at_end_) return std::optional<StatementResult>();
  const std::string sql = PageQuery();
  auto answer = last_key_.empty() ? client_.Query(sql) : client_.Query(sql, last_key_);
  if (!answer) return answer.error();
  StatementResult page = std::move(answer->results.front());
  const Rows& rows = page.rows;
  rows_ += rows.size();
  bytes_ += rows.text_bytes();
  at_end_ = rows.size() < static_cast<std::size_t>(page_rows_);
  if (!rows.empty()) last_key_ = {KeyParam(rows[rows.size() - 1][key_column_])};
  return std::optional(std::move(page));
}

}  // namespace kalam::cli
