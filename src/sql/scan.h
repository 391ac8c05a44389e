#pragma once

#include <array>
#include <cstdint>
#include <string_view>

// How far the names, numbers, quotes, comments and blanks of SQL reach. The lexer and the splitter share
// these, so they can't disagree about where a `;` counts. Both read a text from its start, token by token:
// what `$` or E' mean depends on where the token before them ended, as for the engine.
namespace kalam::sql {

enum CharClass : std::uint8_t {
  kOther = 0,
  kBlank = 1 << 0,      // space, \t \n \v \f \r
  kNameStart = 1 << 1,  // letters, underscore, bytes above 127
  kDigit = 1 << 2,
  kOperator = 1 << 3,   // ~ ! @ ^ & | + - * / % < > =
  kDollar = 1 << 4,
};

inline constexpr std::array<std::uint8_t, 256> kCharClass = [] {
  std::array<std::uint8_t, 256> table{};
  for (const char c : std::string_view(" \t\n\v\f\r")) table[static_cast<unsigned char>(c)] = kBlank;
  for (int c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = kNameStart;
  for (int c = 128; c < 256; ++c) table[c] = kNameStart;
  table['_'] = kNameStart;
  for (int c = '0'; c <= '9'; ++c) table[c] = kDigit;
  for (const char c : std::string_view("~!@^&|+-*/%<>=")) {
    table[static_cast<unsigned char>(c)] = kOperator;
  }
  table['$'] = kDollar;
  return table;
}();

inline std::uint8_t ClassOf(char c) { return kCharClass[static_cast<unsigned char>(c)]; }
inline bool IsNamePart(char c) { return (ClassOf(c) & (kNameStart | kDigit | kDollar)) != 0; }

// Length of the Unicode blank at `pos`, or 0. DuckDB's parser takes these for blanks too; they come with
// text that was copied from web pages.
inline std::uint32_t UnicodeBlankLength(std::string_view text, std::size_t pos) {
  const auto byte = [&](std::size_t i) {
    return pos + i < text.size() ? static_cast<unsigned char>(text[pos + i]) : 0u;
  };
  switch (byte(0)) {
    case 0xC2: return byte(1) == 0xA0 ? 2 : 0;  // no-break space
    case 0xE2:
      if (byte(1) == 0x80) return (byte(2) >= 0x80 && byte(2) <= 0x8D) || byte(2) == 0xAF ? 3 : 0;
      if (byte(1) == 0x81) return byte(2) == 0x9F || byte(2) == 0xA0 ? 3 : 0;
      return 0;
    case 0xE3: return byte(1) == 0x80 && byte(2) == 0x80 ? 3 : 0;  // ideographic space
    case 0xEF: return byte(1) == 0xBB && byte(2) == 0xBF ? 3 : 0;  // byte order mark
    default: return 0;
  }
}

inline constexpr std::size_t kUnterminated = std::string_view::npos;

// Position after the name whose first character is at `pos`, at least `pos` + 1.
std::size_t NameEnd(std::string_view text, std::size_t pos);
inline bool IsDigitAt(std::string_view text, std::size_t pos) {
  return pos < text.size() && (ClassOf(text[pos]) & kDigit) != 0;
}
// Position after the number that starts at `pos` with a digit, or with a `.` before a digit. Sets `plain`
// to false unless it is digits only.
std::size_t NumberEnd(std::string_view text, std::size_t pos, bool& plain);
// Position of the quote when a string with a prefix starts at `pos`, where a name could: E'..', B'..',
// X'..', N'..', U&'..'. 0 if none does.
std::size_t PrefixedQuote(std::string_view text, std::size_t pos);
// Position after the `$1` or `$name` at `pos`; `pos` + 1 when it is a dollar sign alone.
std::size_t ParameterEnd(std::string_view text, std::size_t pos);

// Each of the following starts at the opening mark and returns the position after the closing one, or
// kUnterminated.

// 'text', "name", `name`: the quote doubled is a quote. Sets `escaped` when there was one.
std::size_t SkipQuoted(std::string_view text, std::size_t pos, bool& escaped);
// The '...' part of E'...', where a backslash takes the next character with it, and its continuations on
// following lines.
std::size_t SkipEscapeString(std::string_view text, std::size_t pos);
// /* ... */, which nests.
std::size_t SkipBlockComment(std::string_view text, std::size_t pos);
// -- to the end of the line; never unterminated.
std::size_t SkipLineComment(std::string_view text, std::size_t pos);

// Length of the delimiter `$$` or `$tag$` at `pos`, or 0 when a dollar quote does not start there.
std::size_t DollarDelimiterLength(std::string_view text, std::size_t pos);
// `$tag$ ... $tag$`, its delimiter being `delimiter_length` long.
std::size_t SkipDollarQuoted(std::string_view text, std::size_t pos, std::size_t delimiter_length);

// Blanks and comments from `pos`: the position of what follows, or kUnterminated inside a comment.
std::size_t SkipBlanks(std::string_view text, std::size_t pos);

}  // namespace kalam::sql
