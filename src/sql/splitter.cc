#include "sql/splitter.h"

#include <fmt/format.h>

#include <array>

#include "scan.h"

namespace kalam::sql {
namespace {

// Bytes at which the splitter has to look up from running through a statement.
constexpr std::array<bool, 256> kStops = [] {
  std::array<bool, 256> table{};
  for (const char c : std::string_view(";'\"`-/$")) table[static_cast<unsigned char>(c)] = true;
  return table;
}();

bool IsEscapeString(std::string_view text, std::size_t quote) {
  return quote > 0 && (text[quote - 1] | 0x20) == 'e' && !FollowsName(text, quote - 1);
}

Error UnterminatedQuote() {
  return Error(ErrorCode::kSyntax, "Unterminated quoted string in SQL batch");
}

Error UnterminatedComment() {
  return Error(ErrorCode::kSyntax, "Unterminated block comment in SQL batch");
}

// Position of the `;` that ends the statement in progress at `pos`, or the end of the text.
Result<std::size_t> StatementEnd(std::string_view text, std::size_t pos) {
  while (pos < text.size()) {
    const char c = text[pos];
    if (!kStops[static_cast<unsigned char>(c)]) {
      ++pos;
      continue;
    }
    switch (c) {
      case ';': return pos;
      case '\'':
      case '"':
      case '`': {
        bool escaped = false;
        pos = c == '\'' && IsEscapeString(text, pos) ? SkipEscapeString(text, pos)
                                                     : SkipQuoted(text, pos, escaped);
        if (pos == kUnterminated) return UnterminatedQuote();
        break;
      }
      case '-':
        pos = text.substr(pos, 2) == "--" ? SkipLineComment(text, pos) : pos + 1;
        break;
      case '/':
        pos = text.substr(pos, 2) == "/*" ? SkipBlockComment(text, pos) : pos + 1;
        if (pos == kUnterminated) return UnterminatedComment();
        break;
      default: {  // '$': inside a name it is a letter
        const std::size_t delimiter =
            FollowsName(text, pos) ? 0 : DollarDelimiterLength(text, pos);
        pos = delimiter == 0 ? pos + 1 : SkipDollarQuoted(text, pos, delimiter);
        if (pos == kUnterminated) return UnterminatedQuote();
      }
    }
  }
  return text.size();
}

std::string_view TrimEnd(std::string_view text) {
  while (!text.empty() && (ClassOf(text.back()) & kBlank) != 0) text.remove_suffix(1);
  return text;
}

}  // namespace

Result<std::vector<std::string_view>> SplitStatements(std::string_view text,
                                                      std::size_t max_statements) {
  std::vector<std::string_view> statements;
  for (std::size_t pos = 0; pos < text.size();) {
    const std::size_t start = SkipBlanks(text, pos);
    if (start == kUnterminated) return UnterminatedComment();
    KALAM_TRY_ASSIGN(const std::size_t end, StatementEnd(text, start));
    if (end > start) {
      if (statements.size() == max_statements) {
        return Error(ErrorCode::kLimitExceeded,
                     fmt::format("SQL batch has more than {} statements "
                                 "(limits.max_batch_statements)",
                                 max_statements));
      }
      statements.push_back(TrimEnd(text.substr(start, end - start)));
    }
    pos = end + 1;
  }
  return statements;
}

}  // namespace kalam::sql
