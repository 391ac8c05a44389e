#include "job_parser.h"

namespace kalam::sql {
namespace {

Result<KalamStatement> ParseFlushTable(TokenReader& reader) {
  FlushTable flush;
  KALAM_TRY_ASSIGN(std::string first, reader.FoldedName());
  if (!reader.TakeSymbol('.')) {
    return Error(ErrorCode::kInvalidArgument, "Table name must be qualified (namespace.table) for FLUSH TABLE");
  }
  flush.name.ns = std::move(first);
  KALAM_TRY_ASSIGN(flush.name.table, reader.FoldedName());
  return Ended(std::move(flush), reader);
}

Result<KalamStatement> ParseFlushAll(TokenReader& reader) {
  FlushAllTables flush;
  if (reader.Take(Keyword::kIn)) {
    KALAM_TRY_ASSIGN(flush.ns, reader.FoldedName());
  }
  return Ended(std::move(flush), reader);
}

}  // namespace

Result<KalamStatement> ParseFlush(TokenReader& reader) {
  // A later spelling of the same: STORAGE FLUSH TABLE x, STORAGE FLUSH ALL.
  const bool later = reader.Take(Keyword::kStorage);
  KALAM_TRY(reader.Expect(Keyword::kFlush));
  if (reader.Take(Keyword::kTable)) return ParseFlushTable(reader);
  KALAM_TRY(reader.Expect(Keyword::kAll));
  if (!reader.Take(Keyword::kTables) && !later) return reader.SyntaxError();
  return ParseFlushAll(reader);
}

Result<std::string> ParseId(TokenReader& reader) {
  std::string id;
  if (reader.token().kind == TokenKind::kString) return reader.TextOrWord();
  while (!reader.AtEnd()) {
    id += reader.token().text;
    reader.Advance();
  }
  return id;
}

Result<KalamStatement> ParseKillJob(TokenReader& reader) {
  KALAM_TRY(reader.Expect(Keyword::kJob));
  KillJob kill;
  KALAM_TRY_ASSIGN(kill.job_id, ParseId(reader));
  if (kill.job_id.empty()) return Error(ErrorCode::kInvalidArgument, "KILL JOB requires a job_id");
  return Ended(std::move(kill), reader);
}

}  // namespace kalam::sql
