#include "scan.h"

namespace kalam::sql {
namespace {

// Digits, single underscores allowed between them.
std::size_t DigitsEnd(std::string_view text, std::size_t pos, bool& plain) {
  while (true) {
    while (IsDigitAt(text, pos)) ++pos;
    if (pos >= text.size() || text[pos] != '_' || !IsDigitAt(text, pos + 1)) return pos;
    plain = false;
    ++pos;
  }
}

bool IsHexDigitAt(std::string_view text, std::size_t pos) {
  if (pos >= text.size()) return false;
  const char lower = static_cast<char>(text[pos] | 0x20);
  return IsDigitAt(text, pos) || (lower >= 'a' && lower <= 'f');
}

}  // namespace

std::size_t NameEnd(std::string_view text, std::size_t pos) {
  for (++pos; pos < text.size() && IsNamePart(text[pos]); ++pos) {
    if (static_cast<unsigned char>(text[pos]) >= 0xC2 && UnicodeBlankLength(text, pos) != 0) break;
  }
  return pos;
}

std::size_t NumberEnd(std::string_view text, std::size_t pos, bool& plain) {
  if (text[pos] == '0' && pos + 1 < text.size() && (text[pos + 1] | 0x20) == 'x' &&
      IsHexDigitAt(text, pos + 2)) {
    plain = false;
    pos += 2;
    while (IsHexDigitAt(text, pos) || (pos < text.size() && text[pos] == '_')) ++pos;
    return pos;
  }
  pos = DigitsEnd(text, pos, plain);
  // `1..3` is a number and two dots.
  if (pos < text.size() && text[pos] == '.' && !(pos + 1 < text.size() && text[pos + 1] == '.')) {
    plain = false;
    pos = DigitsEnd(text, pos + 1, plain);
  }
  if (pos < text.size() && (text[pos] | 0x20) == 'e') {
    std::size_t exponent = pos + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    if (IsDigitAt(text, exponent)) {
      plain = false;
      pos = DigitsEnd(text, exponent, plain);
    }
  }
  return pos;
}

std::size_t PrefixedQuote(std::string_view text, std::size_t pos) {
  const char next = pos + 1 < text.size() ? text[pos + 1] : '\0';
  switch (text[pos] | 0x20) {
    case 'e':
    case 'b':
    case 'x':
    case 'n': return next == '\'' ? pos + 1 : 0;
    case 'u': return next == '&' && pos + 2 < text.size() && text[pos + 2] == '\'' ? pos + 2 : 0;
    default: return 0;
  }
}

std::size_t ParameterEnd(std::string_view text, std::size_t pos) {
  std::size_t end = pos + 1;
  if (IsDigitAt(text, end)) {
    while (IsDigitAt(text, end)) ++end;
  } else if (end < text.size() && (ClassOf(text[end]) & kNameStart) != 0 &&
             UnicodeBlankLength(text, end) == 0 && PrefixedQuote(text, end) == 0) {
    end = NameEnd(text, end);
  }
  return end;
}

std::size_t SkipQuoted(std::string_view text, std::size_t pos, bool& escaped) {
  const char quote = text[pos];
  for (std::size_t from = pos + 1;;) {
    const std::size_t at = text.find(quote, from);
    if (at == std::string_view::npos) return kUnterminated;
    if (at + 1 >= text.size() || text[at + 1] != quote) return at + 1;
    escaped = true;
    from = at + 2;
  }
}

namespace {

// SQL lets a string go on in a second pair of quotes when a line break lies between. Returns the position
// of that second opening quote, or npos. Only E strings need to know: what continues them keeps their
// backslash rule.
std::size_t ContinuationQuote(std::string_view text, std::size_t pos) {
  bool line_break = false;
  while (pos < text.size()) {
    if ((ClassOf(text[pos]) & kBlank) != 0) {
      line_break |= text[pos] == '\n' || text[pos] == '\r';
      ++pos;
    } else if (text.substr(pos, 2) == "--") {
      pos = SkipLineComment(text, pos);
    } else {
      break;
    }
  }
  return line_break && pos < text.size() && text[pos] == '\'' ? pos : std::string_view::npos;
}

}  // namespace

std::size_t SkipEscapeString(std::string_view text, std::size_t pos) {
  for (std::size_t at = pos + 1; at < text.size(); ++at) {
    if (text[at] == '\\') {
      ++at;
    } else if (text[at] == '\'') {
      if (at + 1 < text.size() && text[at + 1] == '\'') {
        ++at;
        continue;
      }
      const std::size_t more = ContinuationQuote(text, at + 1);
      if (more == std::string_view::npos) return at + 1;
      at = more;
    }
  }
  return kUnterminated;
}

std::size_t SkipBlockComment(std::string_view text, std::size_t pos) {
  std::size_t depth = 0;
  for (std::size_t at = pos; at + 1 < text.size(); ++at) {
    if (text[at] == '/' && text[at + 1] == '*') {
      ++depth;
      ++at;
    } else if (text[at] == '*' && text[at + 1] == '/') {
      ++at;
      if (--depth == 0) return at + 1;
    }
  }
  return kUnterminated;
}

std::size_t SkipLineComment(std::string_view text, std::size_t pos) {
  const std::size_t end = text.find_first_of("\n\r", pos);
  return end == std::string_view::npos ? text.size() : end;
}

std::size_t DollarDelimiterLength(std::string_view text, std::size_t pos) {
  std::size_t at = pos + 1;
  if (at < text.size() && (ClassOf(text[at]) & kDigit) != 0) return 0;
  while (at < text.size() && (ClassOf(text[at]) & (kNameStart | kDigit)) != 0) ++at;
  return at < text.size() && text[at] == '$' ? at + 1 - pos : 0;
}

std::size_t SkipDollarQuoted(std::string_view text, std::size_t pos,
                             std::size_t delimiter_length) {
  const std::string_view delimiter = text.substr(pos, delimiter_length);
  const std::size_t at = text.find(delimiter, pos + delimiter_length);
  return at == std::string_view::npos ? kUnterminated : at + delimiter_length;
}

std::size_t SkipBlanks(std::string_view text, std::size_t pos) {
  while (pos < text.size()) {
    const char c = text[pos];
    if ((ClassOf(c) & kBlank) != 0) {
      ++pos;
    } else if (c == '-' && pos + 1 < text.size() && text[pos + 1] == '-') {
      pos = SkipLineComment(text, pos);
    } else if (c == '/' && pos + 1 < text.size() && text[pos + 1] == '*') {
      pos = SkipBlockComment(text, pos);
      if (pos == kUnterminated) return kUnterminated;
    } else if (static_cast<unsigned char>(c) >= 0xC2) {
      const std::uint32_t blank = UnicodeBlankLength(text, pos);
      if (blank == 0) return pos;
      pos += blank;
    } else {
      return pos;
    }
  }
  return pos;
}

}  // namespace kalam::sql
