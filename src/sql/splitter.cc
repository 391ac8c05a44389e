#include "sql/splitter.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "scan.h"
#include "sql/script.h"

namespace kalam::sql {
namespace {

// Where a statement ends: at its `;`, or at the end of the text, which may lie inside of something.
struct Cut {
  std::size_t end = 0;
  OpenEnd open = OpenEnd::kNone;
};

// Characters that are a token, or can be taken for one, whatever comes next.
constexpr std::array<bool, 256> kAlone = [] {
  std::array<bool, 256> table{};
  for (std::size_t c = 0; c < 128; ++c) table[c] = (kCharClass[c] & (kNameStart | kDigit)) == 0;
  for (const char c : std::string_view(";'\"`-/$.")) table[static_cast<unsigned char>(c)] = false;
  return table;
}();

// The end of the token that starts at `pos`, or kUnterminated. Tokens as the lexer cuts them, without
// telling them apart: blanks and operators are taken one character at a time.
std::size_t TokenEnd(std::string_view text, std::size_t pos) {
  const char c = text[pos];
  const std::uint8_t char_class = ClassOf(c);
  bool ignored = false;
  if ((char_class & kNameStart) != 0) {
    const std::size_t quote = PrefixedQuote(text, pos);
    if (quote != 0) return (c | 0x20) == 'e' ? SkipEscapeString(text, quote) : SkipQuoted(text, quote, ignored);
    const std::uint32_t blank = static_cast<unsigned char>(c) < 0xC2 ? 0 : UnicodeBlankLength(text, pos);
    return blank != 0 ? pos + blank : NameEnd(text, pos);
  }
  if ((char_class & kDigit) != 0 || (c == '.' && IsDigitAt(text, pos + 1))) return NumberEnd(text, pos, ignored);
  switch (c) {
    case '\'':
    case '"':
    case '`': return SkipQuoted(text, pos, ignored);
    case '-': return text.substr(pos, 2) == "--" ? SkipLineComment(text, pos) : pos + 1;
    case '/': return text.substr(pos, 2) == "/*" ? SkipBlockComment(text, pos) : pos + 1;
    case '$': {
      const std::size_t delimiter = DollarDelimiterLength(text, pos);
      return delimiter == 0 ? ParameterEnd(text, pos) : SkipDollarQuoted(text, pos, delimiter);
    }
    default: return pos + 1;
  }
}

// The end of the statement in progress at `pos`.
Cut StatementEnd(std::string_view text, std::size_t pos) {
  while (pos < text.size()) {
    if (kAlone[static_cast<unsigned char>(text[pos])]) {
      ++pos;
      continue;
    }
    if (text[pos] == ';') break;
    const std::size_t end = TokenEnd(text, pos);
    if (end == kUnterminated) {
      return {text.size(), text[pos] == '/' ? OpenEnd::kBlockComment : OpenEnd::kQuote};
    }
    pos = end;
  }
  return {std::min(pos, text.size()), OpenEnd::kNone};
}

std::string_view TrimEnd(std::string_view text) {
  while (!text.empty() && (ClassOf(text.back()) & kBlank) != 0) text.remove_suffix(1);
  return text;
}

Error Unterminated(OpenEnd open) {
  return Error(ErrorCode::kSyntax, open == OpenEnd::kQuote ? "Unterminated quoted string in SQL batch"
                                                           : "Unterminated block comment in SQL batch");
}

// The one loop behind both ways to split. Stops early when `take`, called with each statement, says so.
template <typename Take>
Script Split(std::string_view text, const Take& take) {
  Script script;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t start = SkipBlanks(text, pos);
    if (start == kUnterminated) {
      script.rest = TrimEnd(text.substr(pos));
      script.open = OpenEnd::kBlockComment;
      break;
    }
    const Cut cut = StatementEnd(text, start);
    const std::string_view statement = TrimEnd(text.substr(start, cut.end - start));
    if (cut.open != OpenEnd::kNone || cut.end == text.size()) {
      script.rest = statement;
      script.open = cut.open;
      break;
    }
    if (!statement.empty() && !take(statement)) break;
    pos = cut.end + 1;
  }
  return script;
}

}  // namespace

Result<std::vector<std::string_view>> SplitStatements(std::string_view text,
                                                      std::size_t max_statements) {
  std::vector<std::string_view> statements;
  bool too_many = false;
  const auto take = [&](std::string_view statement) {
    too_many = statements.size() == max_statements;
    if (!too_many) statements.push_back(statement);
    return !too_many;
  };
  const Script script = Split(text, take);
  if (script.open != OpenEnd::kNone) return Unterminated(script.open);
  if (!script.rest.empty()) take(script.rest);
  if (too_many) {
    return Error(ErrorCode::kLimitExceeded,
                 fmt::format("SQL batch has more than {} statements (limits.max_batch_statements)",
                             max_statements));
  }
  return statements;
}

Script SplitScript(std::string_view text) {
  std::vector<std::string_view> statements;
  Script script = Split(text, [&](std::string_view statement) {
    statements.push_back(statement);
    return true;
  });
  script.statements = std::move(statements);
  return script;
}

}  // namespace kalam::sql
