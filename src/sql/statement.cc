#include "sql/statement.h"

#include "alter_parser.h"
#include "sql/keyword.h"
#include "backup_parser.h"
#include "job_parser.h"
#include "live_parser.h"
#include "storage_parser.h"
#include "statement_parts.h"
#include "table_spec_parser.h"
#include "token_reader.h"
#include "user_statement_parser.h"

namespace kalam::sql {
namespace {

std::optional<TableKind> TakeKind(TokenReader& reader) {
  if (reader.Take(Keyword::kUser)) return TableKind::kUser;
  if (reader.Take(Keyword::kShared)) return TableKind::kShared;
  if (reader.Take(Keyword::kStream)) return TableKind::kStream;
  return std::nullopt;
}

Result<KalamStatement> ParseCreateNamespace(TokenReader& reader) {
  CreateNamespace create;
  KALAM_TRY_ASSIGN(create.if_not_exists, TakeIfNotExists(reader));
  KALAM_TRY_ASSIGN(create.name, reader.Name());
  KALAM_TRY(CheckNamespaceName(create.name));
  return Ended(std::move(create), reader);
}

Result<KalamStatement> ParseCreate(TokenReader& reader) {
  if (reader.Take(Keyword::kNamespace)) return ParseCreateNamespace(reader);
  if (reader.Take(Keyword::kStorage)) return ParseCreateStorage(reader);
  if (reader.Take(Keyword::kApi)) return ParseCreateApiKey(reader);
  const auto kind = TakeKind(reader);
  if (reader.Take(Keyword::kTable)) {
    KALAM_TRY_ASSIGN(TableSpec spec, ParseTableSpec(kind.value_or(TableKind::kShared), reader));
    return KalamStatement(CreateTable{std::move(spec)});
  }
  if (kind == TableKind::kUser) return ParseCreateUser(reader);
  return KalamStatement(NotOurs{});
}

Result<KalamStatement> ParseDrop(TokenReader& reader) {
  if (reader.Take(Keyword::kNamespace)) {
    DropNamespace drop;
    KALAM_TRY_ASSIGN(drop.if_exists, TakeIfExists(reader));
    KALAM_TRY_ASSIGN(drop.name, reader.Name());
    drop.cascade = reader.Take(Keyword::kCascade);
    return Ended(std::move(drop), reader);
  }
  if (reader.Take(Keyword::kStorage)) return ParseDropStorage(reader);
  if (reader.Take(Keyword::kApi)) return ParseDropApiKey(reader);
  const auto kind = TakeKind(reader);
  if (reader.Take(Keyword::kTable)) {
    DropTable drop;
    drop.kind = kind;
    KALAM_TRY_ASSIGN(drop.if_exists, TakeIfExists(reader));
    KALAM_TRY_ASSIGN(drop.name, ParseTableRef(reader));
    return Ended(std::move(drop), reader);
  }
  if (kind == TableKind::kUser) return ParseDropUser(reader);
  return KalamStatement(NotOurs{});
}

// SHOW TABLE STATS [FOR] [ns.]t, SHOW STATS FOR TABLE [ns.]t
Result<KalamStatement> ParseShowTableStats(TokenReader& reader) {
  if (reader.Take(Keyword::kTable)) {
    KALAM_TRY(reader.Expect(Keyword::kStats));
    reader.Take(Keyword::kFor);
  } else {
    reader.Advance();
    KALAM_TRY(reader.Expect(Keyword::kFor));
    KALAM_TRY(reader.Expect(Keyword::kTable));
  }
  ShowTableStats show;
  KALAM_TRY_ASSIGN(show.name, ParseTableRef(reader));
  return Ended(std::move(show), reader);
}

Result<KalamStatement> ParseShow(TokenReader& reader) {
  if (reader.Take(Keyword::kNamespaces)) return Ended(ShowNamespaces{}, reader);
  if (reader.Take(Keyword::kApi)) return ParseShowApiKeys(reader);
  if (reader.Take(Keyword::kStorages)) return Ended(ShowStorages{}, reader);
  if (reader.keyword() == Keyword::kStats || reader.keyword() == Keyword::kTable) return ParseShowTableStats(reader);
  if (reader.Take(Keyword::kBackup) || reader.Take(Keyword::kBackups)) return ParseShowBackups(reader);
  if (!reader.Take(Keyword::kTables)) return reader.SyntaxError();
  ShowTables show;
  if (reader.Take(Keyword::kIn) || reader.Take(Keyword::kFrom)) {
    KALAM_TRY_ASSIGN(show.ns, reader.FoldedName());
  }
  return Ended(std::move(show), reader);
}

Result<KalamStatement> ParseDescribe(TokenReader& reader) {
  DescribeTable describe;
  reader.Take(Keyword::kTable);
  KALAM_TRY_ASSIGN(describe.name, ParseAnyTableRef(reader));
  describe.history = reader.Take(Keyword::kHistory);
  return Ended(std::move(describe), reader);
}

Result<KalamStatement> ParseAlter(TokenReader& reader) {
  if (reader.Take(Keyword::kNamespace)) return ParseAlterNamespace(reader);
  if (reader.Take(Keyword::kStorage)) return ParseAlterStorage(reader);
  const auto kind = TakeKind(reader);
  if (reader.Take(Keyword::kTable)) return ParseAlterTable(kind, reader);
  if (kind == TableKind::kUser) return ParseAlterUser(reader);
  return KalamStatement(NotOurs{});
}

template <typename Statement>
Result<KalamStatement> ParseTransactionStep(TokenReader& reader) {
  reader.Advance();
  if (!reader.Take(Keyword::kTransaction)) reader.Take(Keyword::kWork);
  return Ended(Statement{}, reader);
}

Result<KalamStatement> ParseStart(TokenReader& reader) {
  reader.Advance();
  KALAM_TRY(reader.Expect(Keyword::kTransaction));
  return Ended(Begin{}, reader);
}

Result<KalamStatement> ParseKill(TokenReader& reader) {
  reader.Advance();
  if (reader.keyword() == Keyword::kLive) return ParseKillLiveQuery(reader);
  return ParseKillJob(reader);
}

}  // namespace

Result<KalamStatement> ParseStatement(std::string_view statement, ErrorStyle style) {
  TokenReader reader(statement, style);
  const Keyword first = reader.keyword();
  if (first == Keyword::kSubscribe) return ParseSubscribe(statement, reader);
  if (first == Keyword::kKill) return ParseKill(reader);
  if (first == Keyword::kFlush || first == Keyword::kStorage) return ParseFlush(reader);
  if (reader.Take(Keyword::kBackup)) return ParseBackup(reader);
  if (reader.Take(Keyword::kRestore)) return ParseRestore(reader);
  if (first == Keyword::kBegin) return ParseTransactionStep<Begin>(reader);
  if (first == Keyword::kStart) return ParseStart(reader);
  if (first == Keyword::kCommit) return ParseTransactionStep<Commit>(reader);
  if (first == Keyword::kRollback) return ParseTransactionStep<Rollback>(reader);
  if (reader.Take(Keyword::kGrant)) return ParseGrant(reader);
  if (reader.Take(Keyword::kRevoke)) return ParseRevoke(reader);
  if (reader.Take(Keyword::kClear)) {
    KALAM_TRY(reader.Expect(Keyword::kCache));
    return Ended(ClearCache{}, reader);
  }
  if (reader.Take(Keyword::kCreate)) return ParseCreate(reader);
  if (reader.Take(Keyword::kDrop)) return ParseDrop(reader);
  if (reader.Take(Keyword::kShow)) return ParseShow(reader);
  if (reader.Take(Keyword::kAlter)) return ParseAlter(reader);
  if (reader.Take(Keyword::kDescribe) || reader.Take(Keyword::kDesc)) return ParseDescribe(reader);
  return KalamStatement(NotOurs{});
}

StatementClass Classify(std::string_view statement) {
  const Token first = Lexer(statement).Next();
  if (first.kind == TokenKind::kEnd) return StatementClass::kEmpty;
  switch (KeywordOf(first)) {
    case Keyword::kSelect: return StatementClass::kSelect;
    case Keyword::kInsert: return StatementClass::kInsert;
    case Keyword::kUpdate: return StatementClass::kUpdate;
    case Keyword::kDelete: return StatementClass::kDelete;
    case Keyword::kCreate:
    case Keyword::kDrop:
    case Keyword::kShow:
    case Keyword::kAlter:
    case Keyword::kDescribe:
    case Keyword::kDesc:
    case Keyword::kGrant:
    case Keyword::kRevoke:
    case Keyword::kBegin:
    case Keyword::kStart:
    case Keyword::kCommit:
    case Keyword::kClear:
    case Keyword::kFlush:
    case Keyword::kKill:
    case Keyword::kStorage:
    case Keyword::kRollback:
    case Keyword::kBackup:
    case Keyword::kRestore:
    case Keyword::kSubscribe: return StatementClass::kKalam;
    default: return StatementClass::kGeneral;
  }
}

}  // namespace kalam::sql
