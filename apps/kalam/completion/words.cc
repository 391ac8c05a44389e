#include "completion/words.h"

#include "commands/command.h"
#include "sql/reserved_words.h"
#include "sql/type_names.h"

#include <algorithm>
#include <string>
#include <vector>

namespace kalam::cli {

namespace {

constexpr std::string_view kKeywords[] = {
    "ADD", "ALL", "ALTER", "AND", "AS", "ASC", "BACKUP", "BEGIN", "BETWEEN", "BY", "CASCADE", "CASE", "CAST",
    "CLEAR CACHE", "COLUMN", "COMMIT", "CONFLICT", "CREATE", "CROSS", "DATABASE", "DEFAULT", "DELETE", "DESC",
    "DESCRIBE", "DISTINCT", "DROP", "ELSE", "END", "EXCEPT", "EXISTS", "EXPLAIN", "FALSE", "FLUSH", "FROM", "FULL",
    "GRANT", "GROUP BY", "HAVING", "HISTORY", "IF", "ILIKE", "IN", "INNER", "INSERT", "INTERSECT", "INTO", "IS",
    "JOB", "JOIN", "KEY", "KILL", "LEFT", "LIKE", "LIMIT", "LIVE", "MODIFY", "NAMESPACE", "NAMESPACES", "NOT",
    "NULL", "OFFSET", "ON", "OPTIONS", "OR", "ORDER BY", "OUTER", "OVER", "PARTITION", "PASSWORD", "PRIMARY KEY",
    "QUERY", "RENAME", "RESTORE", "RETURNING", "REVOKE", "RIGHT", "ROLE", "ROLLBACK", "SELECT", "SET", "SHARED",
    "SHOW", "STATS", "STORAGE", "STORAGES", "STREAM", "SUBSCRIBE", "TABLE", "TABLES", "THEN", "TO", "TRANSACTION",
    "TRUE", "TTL", "UNION", "UNIQUE", "UPDATE", "USER", "USING", "VALUES", "WHEN", "WHERE", "WITH"};

constexpr std::string_view kTypes[] = {
    "BIGINT", "BIGSERIAL", "BINARY", "BLOB", "BOOLEAN", "BYTEA", "DATE", "DATETIME", "DOUBLE", "DOUBLE PRECISION",
    "FLOAT", "INT", "INTEGER", "JSON", "JSONB", "REAL", "SERIAL", "SMALLINT", "STRING", "TEXT", "TIME", "TIMESTAMP",
    "TIMESTAMPTZ", "TINYINT", "VARCHAR"};

static_assert(std::ranges::is_sorted(kKeywords) && std::ranges::is_sorted(kTypes));

// Names of columns oftener than keywords: offered, but not coloured.
constexpr std::string_view kPlainWords[] = {"HISTORY", "JOB", "KEY", "LIVE", "PASSWORD", "QUERY", "ROLE", "STATS",
                                            "STORAGE", "TABLES", "USER"};

}  // namespace

std::span<const std::string_view> OfferedKeywords() { return kKeywords; }
std::span<const std::string_view> OfferedTypes() { return kTypes; }
std::span<const std::string_view> OfferedCommands() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const Command& command : Commands()) {
      all.push_back(command.name);
      all.insert(all.end(), command.aliases.begin(), command.aliases.end());
    }
    std::ranges::sort(all);
    return all;
  }();
  return names;
}

bool IsKeywordWord(std::string_view word) {
  if (sql::IsReservedWord(word)) return true;
  std::string upper(word);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  if (std::ranges::binary_search(kPlainWords, std::string_view(upper))) return false;
  if (upper == "GROUP" || upper == "ORDER" || upper == "CLEAR") return true;
  return std::ranges::binary_search(kKeywords, std::string_view(upper));
}

bool IsTypeWord(std::string_view word) { return sql::TypeFromSqlName(word).has_value(); }

}  // namespace kalam::cli
