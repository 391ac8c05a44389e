#include "backup_parser.h"

namespace kalam::sql {
namespace {

Error Invalid(const char* why) { return Error(ErrorCode::kInvalidArgument, why); }

// D-27: both words.
Status ExpectDatabase(TokenReader& reader) {
  if (reader.Take(Keyword::kDatabase) || reader.Take(Keyword::kNamespace)) return {};
  return reader.SyntaxError();
}

Result<std::string> NamespaceName(TokenReader& reader) {
  if (!reader.token().IsName() || reader.keyword() == Keyword::kTo ||
      reader.keyword() == Keyword::kFrom)
    return Invalid("Namespace name is required");
  return reader.FoldedName();
}

Result<std::string> BackupPath(TokenReader& reader) {
  if (reader.token().kind != TokenKind::kString) return Invalid("Backup path must be quoted");
  KALAM_TRY_ASSIGN(std::string path, reader.TextOrWord());
  if (path.empty()) return Invalid("Backup path cannot be empty");
  return path;
}

}  // namespace

Result<KalamStatement> ParseBackup(TokenReader& reader) {
  BackupNamespace backup;
  KALAM_TRY(ExpectDatabase(reader));
  KALAM_TRY_ASSIGN(backup.if_exists, TakeIfExists(reader));
  KALAM_TRY_ASSIGN(backup.ns, NamespaceName(reader));
  if (!reader.Take(Keyword::kTo)) return Invalid("Expected TO clause in BACKUP DATABASE");
  KALAM_TRY_ASSIGN(backup.path, BackupPath(reader));
  return Ended(std::move(backup), reader);
}

Result<KalamStatement> ParseRestore(TokenReader& reader) {
  RestoreNamespace restore;
  KALAM_TRY(ExpectDatabase(reader));
  KALAM_TRY_ASSIGN(restore.if_not_exists, TakeIfNotExists(reader));
  KALAM_TRY_ASSIGN(restore.ns, NamespaceName(reader));
  if (!reader.Take(Keyword::kFrom)) return Invalid("Expected FROM clause in RESTORE DATABASE");
  KALAM_TRY_ASSIGN(restore.path, BackupPath(reader));
  return Ended(std::move(restore), reader);
}

Result<KalamStatement> ParseShowBackups(TokenReader& reader) {
  ShowBackups show;
  if (reader.Take(Keyword::kFor)) {
    KALAM_TRY(ExpectDatabase(reader));
    KALAM_TRY_ASSIGN(show.ns, NamespaceName(reader));
  } else {
    if (reader.AtEnd()) return Invalid("Expected FOR DATABASE or a quoted path in SHOW BACKUPS");
    KALAM_TRY_ASSIGN(show.path, BackupPath(reader));
  }
  return Ended(std::move(show), reader);
}

}  // namespace kalam::sql
