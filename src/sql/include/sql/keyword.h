#pragma once

#include <cstdint>
#include <string_view>

#include "sql/lexer.h"

// Every keyword that our own grammar knows, in one place. Words of the engine's grammar that we never look
// at are not here.
namespace kalam::sql {

// X(enumerator, spelling). Sorted by spelling.
#define KALAM_SQL_KEYWORDS(X) \
  X(kAccess, "access") X(kAdd, "add") X(kAll, "all") X(kAlter, "alter") X(kAlways, "always") \
  X(kAnalyze, "analyze") X(kAnd, "and") X(kApi, "api") X(kAs, "as") X(kAsc, "asc") X(kAt, "at") \
  X(kAutoIncrement, "auto_increment") X(kBackup, "backup") X(kBackups, "backups") \
  X(kBaseDirectory, "base_directory") X(kBegin, "begin") X(kBetween, "between") X(kBucket, "bucket") \
  X(kBy, "by") X(kCache, "cache") X(kCascade, "cascade") X(kCase, "case") X(kCheck, "check") X(kClear, "clear") \
  X(kCluster, "cluster") X(kCollate, "collate") X(kColumn, "column") X(kCombined, "combined") \
  X(kCommit, "commit") X(kConflict, "conflict") X(kConstraint, "constraint") X(kCreate, "create") \
  X(kCredentials, "credentials") X(kCross, "cross") X(kData, "data") X(kDatabase, "database") \
  X(kDefault, "default") X(kDelete, "delete") X(kDeletedRetention, "deleted_retention") X(kDesc, "desc") \
  X(kDescribe, "describe") \
  X(kDescription, "description") X(kDistinct, "distinct") X(kDo, "do") X(kDrop, "drop") X(kElse, "else") \
  X(kEmail, "email") X(kEnd, "end") X(kEphemeral, "ephemeral") X(kEscape, "escape") X(kExcept, "except") \
  X(kExclude, "exclude") X(kExists, "exists") X(kExplain, "explain") X(kFalse, "false") X(kFetch, "fetch") \
  X(kFilter, "filter") X(kFlush, "flush") X(kFor, "for") X(kForeign, "foreign") X(kFrom, "from") \
  X(kFull, "full") X(kGenerated, "generated") X(kGlob, "glob") X(kGrant, "grant") X(kGroup, "group") \
  X(kHaving, "having") X(kHistory, "history") X(kHours, "hours") X(kIf, "if") X(kIlike, "ilike") X(kIn, "in") \
  X(kIncrement, "increment") X(kInner, "inner") X(kInsert, "insert") X(kIntersect, "intersect") \
  X(kInterval, "interval") X(kInto, "into") X(kIs, "is") X(kIsNull, "isnull") X(kJob, "job") X(kJoin, "join") \
  X(kKey, "key") X(kKeys, "keys") X(kKill, "kill") X(kLambda, "lambda") X(kLeft, "left") X(kLike, "like") \
  X(kLimit, "limit") X(kLive, "live") X(kMaxBuffer, "max_buffer") X(kMetadata, "metadata") X(kModify, "modify") \
  X(kName, "name") X(kNamespace, "namespace") X(kNamespaces, "namespaces") X(kNatural, "natural") \
  X(kNot, "not") X(kNotNull, "notnull") X(kNull, "null") X(kNulls, "nulls") X(kOff, "off") \
  X(kOffset, "offset") X(kOn, "on") \
  X(kOptions, "options") X(kOr, "or") X(kOrder, "order") X(kOuter, "outer") X(kOver, "over") X(kOwned, "owned") \
  X(kOwnerId, "owner_id") X(kPartition, "partition") X(kPassword, "password") X(kPath, "path") \
  X(kPolicy, "policy") X(kPosition, "position") X(kPrimary, "primary") X(kQuery, "query") \
  X(kReferences, "references") X(kRegion, "region") X(kRename, "rename") X(kReplace, "replace") \
  X(kRestore, "restore") X(kRestrict, "restrict") X(kRetention, "retention") X(kReturning, "returning") \
  X(kRevoke, "revoke") X(kRight, "right") X(kRole, "role") X(kRollback, "rollback") X(kRowLimit, "row_limit") \
  X(kRowThreshold, "row_threshold") X(kRows, "rows") X(kSeconds, "seconds") X(kSelect, "select") X(kSet, "set") \
  X(kSharding, "sharding") X(kShards, "shards") X(kShared, "shared") \
  X(kSharedTablesTemplate, "shared_tables_template") X(kShow, "show") X(kSimilar, "similar") X(kStart, "start") \
  X(kStats, "stats") X(kStorage, "storage") X(kStorages, "storages") X(kStream, "stream") \
  X(kSubscribe, "subscribe") X(kTable, "table") X(kTableType, "table_type") X(kTables, "tables") \
  X(kThen, "then") X(kTime, "time") X(kTimeInterval, "time_interval") X(kTo, "to") \
  X(kTransaction, "transaction") X(kTrue, "true") X(kTtl, "ttl") X(kType, "type") X(kUnion, "union") \
  X(kUnique, "unique") X(kUpdate, "update") X(kUri, "uri") X(kUseUserStorage, "use_user_storage") \
  X(kUser, "user") X(kUserTablesTemplate, "user_tables_template") X(kUsing, "using") X(kValues, "values") \
  X(kWhen, "when") X(kWhere, "where") X(kWindow, "window") X(kWith, "with") X(kWork, "work") X(kZone, "zone")

enum class Keyword : std::uint8_t {
  kNone,
#define KALAM_SQL_KEYWORD(enumerator, spelling) enumerator,
  KALAM_SQL_KEYWORDS(KALAM_SQL_KEYWORD)
#undef KALAM_SQL_KEYWORD
};

// Case-insensitive; kNone for other words. One hash and one comparison.
Keyword LookupKeyword(std::string_view word);

// kNone also for anything but an unquoted word.
inline Keyword KeywordOf(const Token& token) {
  return token.kind == TokenKind::kWord ? LookupKeyword(token.text) : Keyword::kNone;
}

// The spelling in lower case; empty for kNone.
std::string_view ToString(Keyword keyword);

}  // namespace kalam::sql
