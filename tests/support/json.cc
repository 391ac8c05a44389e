#include "support/json.h"

#include <charconv>
#include <cstdlib>

namespace kalam::test {
namespace {

constexpr int kMaxDepth = 512;

void AppendUtf8(std::uint32_t code, std::string& out) {
  const auto put = [&](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

}  // namespace

// One pass of recursive descent; each Read* leaves the position after what it took.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  std::optional<Json> Document() {
    Json value;
    if (!ReadValue(value, 0)) return std::nullopt;
    SkipBlanks();
    if (at_ != text_.size()) return std::nullopt;
    return value;
  }

 private:
  char Peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool Take(char c) {
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void SkipBlanks() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string::npos) {
      ++at_;
    }
  }

  bool ReadValue(Json& out, int depth) {
    if (depth > kMaxDepth) return false;
    SkipBlanks();
    switch (Peek()) {
      case '{':
        return ReadObject(out, depth);
      case '[':
        return ReadArray(out, depth);
      case '"':
        out.kind_ = Json::Kind::kString;
        return ReadString(out.text_);
      case 't':
        return ReadWord(out, "true", Json::Kind::kBool);
      case 'f':
        return ReadWord(out, "false", Json::Kind::kBool);
      case 'n':
        return ReadWord(out, "null", Json::Kind::kNull);
      default:
        return ReadNumber(out);
    }
  }

  bool ReadWord(Json& out, std::string_view word, Json::Kind kind) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    out.kind_ = kind;
    out.text_ = word;
    return true;
  }

  bool ReadObject(Json& out, int depth) {
    out.kind_ = Json::Kind::kObject;
    Take('{');
    SkipBlanks();
    if (Take('}')) return true;
    do {
      SkipBlanks();
      auto& [key, value] = out.members_.emplace_back();
      if (!ReadString(key)) return false;
      SkipBlanks();
      if (!Take(':') || !ReadValue(value, depth + 1)) return false;
      SkipBlanks();
    } while (Take(','));
    return Take('}');
  }

  bool ReadArray(Json& out, int depth) {
    out.kind_ = Json::Kind::kArray;
    Take('[');
    SkipBlanks();
    if (Take(']')) return true;
    do {
      if (!ReadValue(out.items_.emplace_back(), depth + 1)) return false;
      SkipBlanks();
    } while (Take(','));
    return Take(']');
  }

  bool ReadDigits() {
    const std::size_t begin = at_;
    while (Peek() >= '0' && Peek() <= '9') ++at_;
    return at_ > begin;
  }

  bool ReadNumber(Json& out) {
    const std::size_t begin = at_;
    Take('-');
    if (!Take('0') && !ReadDigits()) return false;
    if (Take('.') && !ReadDigits()) return false;
    if (Take('e') || Take('E')) {
      if (!Take('+')) Take('-');
      if (!ReadDigits()) return false;
    }
    out.kind_ = Json::Kind::kNumber;
    out.text_ = text_.substr(begin, at_ - begin);
    return true;
  }

  bool ReadHex4(std::uint32_t& code) {
    if (at_ + 4 > text_.size()) return false;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, begin + 4, code, 16);
    if (error != std::errc() || end != begin + 4) return false;
    at_ += 4;
    return true;
  }

  bool ReadEscape(std::string& out) {
    constexpr std::string_view kNames = "\"\\/bfnrt";
    constexpr std::string_view kBytes = "\"\\/\b\f\n\r\t";
    const char name = Peek();
    ++at_;
    if (const std::size_t known = kNames.find(name); known != std::string_view::npos) {
      out.push_back(kBytes[known]);
      return true;
    }
    std::uint32_t code = 0;
    if (name != 'u' || !ReadHex4(code)) return false;
    if (code >= 0xD800 && code < 0xDC00) {
      std::uint32_t low = 0;
      if (!Take('\\') || !Take('u') || !ReadHex4(low) || low < 0xDC00 || low > 0xDFFF) return false;
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    } else if (code >= 0xDC00 && code < 0xE000) {
      return false;
    }
    AppendUtf8(code, out);
    return true;
  }

  bool ReadString(std::string& out) {
    if (!Take('"')) return false;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (static_cast<unsigned char>(c) < 0x20) return false;
      ++at_;
      if (c == '"') return true;
      if (c != '\\') {
        out.push_back(c);
      } else if (at_ >= text_.size() || !ReadEscape(out)) {
        return false;
      }
    }
    return false;
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::optional<Json> Json::Parse(std::string_view text) { return JsonReader(text).Document(); }

bool Json::is_integer() const {
  return is_number() && text_.find_first_of(".eE") == std::string::npos;
}

double Json::number() const { return is_number() ? std::strtod(text_.c_str(), nullptr) : 0; }

std::optional<std::int64_t> Json::integer() const {
  std::int64_t value = 0;
  const char* const end = text_.data() + text_.size();
  if (!is_integer() || std::from_chars(text_.data(), end, value).ec != std::errc()) {
    return std::nullopt;
  }
  return value;
}

const Json& Json::operator[](std::string_view key) const {
  static const Json missing;
  for (const auto& [name, value] : members_) {
    if (name == key) return value;
  }
  return missing;
}

const Json& Json::operator[](std::size_t index) const {
  static const Json missing;
  return index < items_.size() ? items_[index] : missing;
}

std::string Json::Dump() const {
  if (is_string()) return JsonQuote(text_);
  if (!is_array() && !is_object()) return text_;
  std::string out(1, is_array() ? '[' : '{');
  for (const Json& item : items_) out += (out.size() > 1 ? "," : "") + item.Dump();
  for (const auto& [name, value] : members_) {
    out += (out.size() > 1 ? "," : "") + JsonQuote(name) + ":" + value.Dump();
  }
  return out + (is_array() ? ']' : '}');
}

std::vector<std::string> Json::texts() const {
  std::vector<std::string> texts;
  for (const Json& item : items_) texts.push_back(item.text());
  return texts;
}

std::string JsonQuote(std::string_view text) {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20) {
      out += "\\u00";
      out.push_back(kHex[byte >> 4]);
      out.push_back(kHex[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  return out + "\"";
}

}  // namespace kalam::test
