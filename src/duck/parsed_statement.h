#pragma once

#include <memory>
#include <string>
#include <vector>

#include "duck/engine.h"
#include "duckdb_headers.h"

namespace kalam::duck {

using SelectPtr = duckdb::unique_ptr<duckdb::SelectStatement>;

struct Plan;

struct ParsedStatement::Impl {
  std::string text;
  // Of `text`, or, while there is a key, of `normalised`. Null when there is a plan.
  duckdb::unique_ptr<duckdb::SQLStatement> statement;
  StatementKind kind = StatementKind::kOther;
  TableReference target;
  std::string name;
  std::vector<std::string> columns;
  std::vector<std::string> conflict_columns;
  // Taken off a statement: its parameters are counted together with those of the whole.
  bool is_clause = false;

  // A statement whose plan is kept: see StatementText.
  std::string key;
  std::string normalised;
  std::vector<Value> literals;
  std::shared_ptr<const Plan> plan;

  void SetText(const StatementText& from);
  // False for clauses that are taken off one by one: RETURNING, ON CONFLICT.
  bool MayHavePlan() const;
};

SelectPtr MakeSelect(duckdb::unique_ptr<duckdb::QueryNode> node);

// Puts a DML statement's WITH around the query that it has become, in the form that the parser gives to a SELECT's.
duckdb::unique_ptr<duckdb::QueryNode> WithCtes(const duckdb::CommonTableExpressionMap& ctes,
                                               duckdb::unique_ptr<duckdb::QueryNode> root);

// The parts of a table's name, lower case.
TableReference ReferenceTo(const std::string& catalog, const std::string& schema, const std::string& table);
TableReference ReferenceTo(const duckdb::TableRef& ref);

// How columns of a DML statement's target are qualified so that a joined table can't be meant.
duckdb::vector<std::string> QualifierOf(const duckdb::TableRef& target);
duckdb::unique_ptr<duckdb::ParsedExpression> TargetColumn(const duckdb::TableRef& target, const std::string& column);

}  // namespace kalam::duck
