#include "sql/error_style.h"

#include <fmt/format.h>

namespace kalam::sql {
namespace {

constexpr std::size_t kMaxTokenBytes = 80;

// A token long enough to fill a screen says nothing more than its beginning; never cuts a character.
std::string Shortened(std::string_view token) {
  if (token.size() <= kMaxTokenBytes) return std::string(token);
  std::size_t cut = kMaxTokenBytes;
  while (cut > 0 && (static_cast<unsigned char>(token[cut]) & 0xC0) == 0x80) --cut;
  return fmt::format("{}...", token.substr(0, cut));
}

}  // namespace

Error RelationDoesNotExist(ErrorStyle style, std::string_view relation) {
  return Error(ErrorCode::kNotFound,
               style == ErrorStyle::kPostgres
                   ? fmt::format("ERROR: relation '{}' does not exist", relation)
                   : fmt::format("ERROR 1146 (42S02): Table '{}' doesn't exist", relation));
}

Error ColumnDoesNotExist(ErrorStyle style, std::string_view column) {
  return Error(ErrorCode::kNotFound,
               style == ErrorStyle::kPostgres
                   ? fmt::format("ERROR: column '{}' does not exist", column)
                   : fmt::format("ERROR 1054 (42S22): Unknown column '{}' in 'field list'", column));
}

Error SyntaxErrorNear(ErrorStyle style, std::string_view token, int line) {
  if (style == ErrorStyle::kMySql) {
    return Error(ErrorCode::kSyntax,
                 fmt::format("ERROR 1064 (42000): You have an error in your SQL syntax; check the "
                             "manual for the right syntax to use near '{}' at line {}",
                             Shortened(token), line));
  }
  return Error(ErrorCode::kSyntax,
               token.empty() ? std::string("ERROR: syntax error at end of input")
                             : fmt::format("ERROR: syntax error at or near '{}'", Shortened(token)));
}

Error FunctionDoesNotExist(ErrorStyle style, std::string_view function) {
  return Error(ErrorCode::kNotFound,
               style == ErrorStyle::kPostgres
                   ? fmt::format("ERROR: function '{}' does not exist", function)
                   : fmt::format("ERROR 1305 (42000): FUNCTION {} does not exist", function));
}

Error PermissionDenied(ErrorStyle style, std::string_view what) {
  return Error(ErrorCode::kPermissionDenied,
               fmt::format("{} permission denied for {}",
                           style == ErrorStyle::kPostgres ? "ERROR:" : "ERROR 1142 (42000):", what));
}

Error StyledError(ErrorStyle style, ErrorCode code, std::string_view message) {
  return Error(code, fmt::format("{} {}",
                                 style == ErrorStyle::kPostgres ? "ERROR:" : "ERROR 1105 (HY000):",
                                 message));
}

}  // namespace kalam::sql
