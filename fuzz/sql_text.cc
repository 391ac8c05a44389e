// Everything that reads SQL text before the engine: splitter, bounds, our own statements, the fast path's
// parser, the quoting of free words.

#include <string>
#include <vector>

#include "fuzz/target.h"
#include "query/fast_statement.h"
#include "sql/reserved_words.h"
#include "sql/script.h"
#include "sql/splitter.h"
#include "sql/statement.h"

using namespace kalam;

namespace {

void ReadStatement(std::string_view sql) {
  (void)sql::CheckStatementBounds(sql, {});
  (void)sql::Classify(sql);
  (void)sql::ParseStatement(sql, sql::ErrorStyle::kPostgres);
  (void)sql::ParseStatement(sql, sql::ErrorStyle::kMySql);

  std::string scratch;
  const std::string quoted(sql::QuoteFreeWords(sql, scratch));
  const auto pieces = sql::SplitStatements(quoted, 10);
  fuzz::Require(pieces.ok() && pieces->size() == 1, "quoting free words leaves one statement one statement", sql);
  fuzz::Require(sql::QuoteFreeWords(quoted, scratch) == quoted, "what is quoted needs no more quotes", sql);

  const std::vector<Datum> params = {Datum::Int(7), Datum::Text("seven")};
  static query::FastStatement fast;  // kept from one statement to the next, as by the executor
  for (std::size_t given = 0; given <= params.size(); ++given) {
    (void)query::ParseFastStatement(sql, std::span(params).first(given), fast);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::TextOf(data, size);
  sql::Script script = sql::SplitScript(text);
  const auto statements = sql::SplitStatements(text, 1000);
  if (!statements.ok()) {
    fuzz::Require(script.open != sql::OpenEnd::kNone || script.statements.size() >= 1000,
                  "what the server can't split, the command line can't either", text);
    return 0;
  }
  if (!script.rest.empty()) script.statements.push_back(script.rest);
  fuzz::Require(*statements == script.statements, "server and command line see the same statements", text);
  for (const std::string_view statement : *statements) {
    const auto alone = sql::SplitStatements(statement, 10);
    fuzz::Require(alone.ok() && alone->size() == 1 && alone->front() == statement,
                  "a piece sent alone is that piece", text);
    ReadStatement(statement);
  }
  return 0;
}
