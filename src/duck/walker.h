#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "duck/engine.h"
#include "duckdb_headers.h"

namespace kalam::duck {

// Thrown inside a walk and caught by Walk(): the recursion runs through the engine's callbacks, which
// know no Result.
struct WalkRefused {
  Error error;
};

// The security boundary. Walks the tree of one SELECT, refuses what is not on the allowlists, and
// rewrites the rest so that it can reach nothing but the sources the resolver gave:
//
// - table references become scans of a numbered source, under their own alias; common table
//   expressions stay, by the engine's scoping rules;
// - columns qualified by namespace (`app.notes.body`) are qualified by that alias instead;
// - parameters become constants, CURRENT_USER() and NOW() and their relatives too;
// - functions that make values of any size become their bounded versions.
//
// One walker per statement.
class Walker {
 public:
  Walker(const QueryContext& query, const ErrorTexts& texts,
         const std::unordered_set<std::string>& known_functions, std::size_t max_depth)
      : query_(query), texts_(texts), known_functions_(known_functions), max_depth_(max_depth) {}

  // Rewrites `node` in place. Errors: kPermissionDenied, kParameterCount, kLimitExceeded, those of the
  // resolver.
  Status Walk(duckdb::QueryNode& node);

  // Counts parameters of the whole statement, of which only a part is walked here.
  void NoteParameters(const duckdb::case_insensitive_map_t<duckdb::idx_t>& names);

  // Checks that the parameters seen fit those given; after all walks of the statement.
  Status CheckParameters() const;

  // By the number that the scans carry.
  std::vector<std::shared_ptr<const ScanSource>> TakeSources() { return std::move(sources_); }

 private:
  // A table in the FROM of one SELECT, as columns may name it.
  struct Binding {
    std::vector<std::string> parts;  // lower case: {table}, {ns, table}, {ns, user, table}
    bool has_alias;                  // then its own name is not visible
    std::string alias;
  };
  using Scope = std::vector<Binding>;

  void WalkNode(duckdb::QueryNode& node);
  void WalkSelect(duckdb::SelectNode& select);
  void WalkSelectList(duckdb::SelectNode& select);
  void WalkModifiers(duckdb::QueryNode& node);
  void WalkTableRef(duckdb::unique_ptr<duckdb::TableRef>& ref, bool include_deleted);
  void ReplaceTable(duckdb::unique_ptr<duckdb::TableRef>& ref, bool include_deleted);
  void WalkTableFunction(duckdb::TableFunctionRef& ref);
  void WalkExpression(duckdb::unique_ptr<duckdb::ParsedExpression>& expression);
  void WalkFunction(duckdb::unique_ptr<duckdb::ParsedExpression>& expression);
  void WalkColumn(duckdb::unique_ptr<duckdb::ParsedExpression>& expression);
  duckdb::unique_ptr<duckdb::ParsedExpression> ParameterValue(const std::string& identifier);
  duckdb::unique_ptr<duckdb::ParsedExpression> ContextConstant(std::string_view function) const;
  bool IsCte(const std::string& name) const;
  std::string AliasFor(const std::vector<std::string>& parts) const;
  [[noreturn]] void RefuseFunction(const std::string& name) const;

  const QueryContext& query_;
  const ErrorTexts& texts_;
  const std::unordered_set<std::string>& known_functions_;
  const std::size_t max_depth_;
  std::size_t depth_ = 0;
  std::vector<std::shared_ptr<const ScanSource>> sources_;
  std::vector<std::string> ctes_;  // lower case, those in scope
  std::vector<Scope> scopes_;      // innermost last
  std::vector<bool> parameters_seen_;
};

}  // namespace kalam::duck
