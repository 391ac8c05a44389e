#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "duck/engine.h"
#include "duckdb_headers.h"
#include "known_functions.h"

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
// Or, for a plan that is kept: parameters stay parameters, CURRENT_USER() and NOW() become hidden ones, and the walk
// notes which tables a later run must resolve again.
//
// One walker per statement.
class Walker {
 public:
  enum class Parameters : std::uint8_t { kAsConstants, kKept };

  // The hidden parameters of a kept plan.
  static constexpr const char* kUser = "kalam_user";
  static constexpr const char* kNow = "kalam_now";
  static constexpr const char* kDate = "kalam_date";
  static constexpr const char* kTime = "kalam_time";

  // `params` are those of the walked text, which may be more than the request's.
  Walker(const QueryContext& query, std::span<const Datum> params, Parameters parameters,
         const KnownFunctions& known_functions, std::size_t max_depth)
      : query_(query),
        params_(params),
        parameters_(parameters),
        known_functions_(known_functions),
        max_depth_(max_depth) {}

  // Rewrites `node` in place. Errors: kPermissionDenied, kParameterCount, kLimitExceeded, those of the
  // resolver.
  Status Walk(duckdb::QueryNode& node);

  // Counts parameters of the whole statement, of which only a part is walked here.
  void NoteParameters(const duckdb::case_insensitive_map_t<duckdb::idx_t>& names);

  // Checks that the parameters seen fit those given; after all walks of the statement.
  Status CheckParameters() const;

  // By the number that the scans carry.
  std::vector<std::shared_ptr<const ScanSource>> TakeSources() { return std::move(sources_); }

  // --- Parameters::kKept
  // What the sources were resolved from, by their number.
  std::vector<TableReference> TakeReferences() { return std::move(references_); }
  // The names of the parameters that stayed, in order of appearance: number or hidden name, and the place: `2_1`,
  // `kalam_now_2`, `2_3`.
  const std::vector<std::string>& kept() const { return kept_; }
  // Parameters that became constants all the same: LIMIT, ORDER BY, GROUP BY. The plan holds for these values only.
  const std::vector<std::size_t>& shaping() const { return shaping_; }
  // A function met a parameter where it must know the value: no plan without it.
  bool needs_values() const { return needs_values_; }

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
  // True if the call was replaced by a value.
  bool WalkFunction(duckdb::unique_ptr<duckdb::ParsedExpression>& expression);
  void WalkColumn(duckdb::unique_ptr<duckdb::ParsedExpression>& expression);
  // The number of a parameter, counted as seen.
  std::size_t ParameterNumber(const std::string& identifier);
  duckdb::unique_ptr<duckdb::ParsedExpression> ParameterValue(const std::string& identifier, bool is_operand);
  duckdb::unique_ptr<duckdb::ParsedExpression> Keep(std::string identifier);
  duckdb::unique_ptr<duckdb::ParsedExpression> ContextValue(const char* hidden, duckdb::Value value);
  duckdb::unique_ptr<duckdb::ParsedExpression> ContextConstant(std::string_view function);
  bool IsCte(const std::string& name) const;
  std::string AliasFor(const std::vector<std::string>& parts) const;
  [[noreturn]] void RefuseFunction(const std::string& name) const;

  const QueryContext& query_;
  const std::span<const Datum> params_;
  const Parameters parameters_;
  const KnownFunctions& known_functions_;
  const std::size_t max_depth_;
  std::size_t depth_ = 0;
  std::vector<std::shared_ptr<const ScanSource>> sources_;
  std::vector<std::string> ctes_;  // lower case, those in scope
  std::vector<Scope> scopes_;      // innermost last
  std::vector<bool> parameters_seen_;
  std::vector<TableReference> references_;
  std::vector<std::string> kept_;
  std::vector<std::size_t> shaping_;
  bool is_operand_ = false;    // the expression at hand is one side of a comparison: that gives it its type
  bool shapes_ = false;        // inside LIMIT, ORDER BY or GROUP BY
  bool needs_values_ = false;
};

}  // namespace kalam::duck
