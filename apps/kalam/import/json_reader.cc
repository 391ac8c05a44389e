#include "exit_code.h"
#include "import/number_text.h"
#include "import/record_reader.h"
#include "import/utf8.h"

#include <algorithm>
#include <unordered_map>

#include <simdjson.h>

namespace kalam::cli {

bool IsUtf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

namespace {

namespace json = simdjson::ondemand;

constexpr std::string_view kWhiteSpace = " \t\r\n";

// Finds the end of the JSON value at the front of the data, without judging what is inside: only
// strings and brackets matter. Resumes where it stopped when more data has come.
class ValueScanner {
 public:
  void Reset() { *this = ValueScanner(); }

  // The size of the value, or npos if it does not end within `data`.
  std::size_t Find(std::string_view data, bool at_end) {
    for (; at_ < data.size(); ++at_) {
      const char c = data[at_];
      if (in_string_) {
        if (c == '\\') {
          if (at_ + 1 >= data.size()) break;
          ++at_;
        } else if (c == '"') {
          in_string_ = false;
          if (depth_ == 0) return at_ + 1;
        }
        continue;
      }
      if (depth_ == 0 && at_ > 0 && EndsScalar(c)) return at_;
      if (c == '"') {
        in_string_ = true;
      } else if (c == '{' || c == '[') {
        ++depth_;
      } else if (c == '}' || c == ']') {
        if (depth_ == 0) return at_;
        if (--depth_ == 0) return at_ + 1;
      }
    }
    return at_end && depth_ == 0 && !in_string_ ? data.size() : std::string_view::npos;
  }

 private:
  static bool EndsScalar(char c) {
    return c == ',' || kWhiteSpace.find(c) != std::string_view::npos;
  }

  std::size_t at_ = 0;
  std::size_t depth_ = 0;
  bool in_string_ = false;
};

class JsonReader final : public RecordReader {
 public:
  JsonReader(InputWindow* input, JsonLayout layout) : input_(input), layout_(layout) {}

  Result<bool> Next(Record* record) override {
    auto found = layout_ == JsonLayout::kLines ? FindLine() : FindValue();
    if (!found || !*found) return found;
    record->position = layout_ == JsonLayout::kLines ? line_ : ++count_;
    record->raw = raw_;
    record->problem.clear();
    record->fields.clear();
    try {
      ReadObject(record);
    } catch (const simdjson::simdjson_error& mistake) {
      record->problem = std::string("not valid JSON: ") + mistake.what();
    }
    return true;
  }

  const std::vector<std::string>& field_names() const override { return names_; }
  bool has_header() const override { return false; }
  const char* position_unit() const override {
    return layout_ == JsonLayout::kLines ? "line" : "record";
  }
  std::string rejects_header() const override { return ""; }

 private:
  // The next line that is not blank.
  Result<bool> FindLine() {
    Advance();
    bool at_end = false;
    std::size_t searched = 0;
    while (true) {
      const std::string_view data = input_->unread();
      std::size_t end = data.find('\n', searched);
      if (end == std::string_view::npos) {
        searched = data.size();
        if (data.size() > kMaxRecordBytes) return TooLong();
        if (!at_end) {
          at_end = !input_->ReadMore();
          continue;
        }
        if (data.empty()) return Stopped();
        end = data.size();
      }
      ++line_;
      raw_ = data.substr(0, end);
      pending_ = std::min(end + 1, data.size());
      while (!raw_.empty() && kWhiteSpace.find(raw_.back()) != std::string_view::npos) {
        raw_.remove_suffix(1);
      }
      if (raw_.find_first_not_of(kWhiteSpace) != std::string_view::npos) return true;
      Advance();
      searched = 0;
    }
  }

  // The next value of an array, or of values one after the other.
  Result<bool> FindValue() {
    Advance();
    if (finished_) return EndOfArray();
    if (layout_ == JsonLayout::kArray && !opened_) {
      if (NextCharacter() != '[') return UsageError("the file is not a JSON array");
      input_->Consume(1);
      opened_ = true;
    } else if (layout_ == JsonLayout::kArray && count_ > 0) {
      const char c = NextCharacter();
      if (c == ']') return CloseArray();
      if (c != ',') return NotAnArray();
      input_->Consume(1);
      if (NextCharacter() == ']') return NotAnArray();
    }
    const char first = NextCharacter();
    if (layout_ == JsonLayout::kArray && first == ']') return CloseArray();
    if (first == '\0') return layout_ == JsonLayout::kArray ? NotAnArray() : Stopped();

    ValueScanner scanner;
    bool at_end = false;
    while (true) {
      const std::string_view data = input_->unread();
      const std::size_t size = scanner.Find(data, at_end);
      if (size == 0) return NotAnArray();
      if (size != std::string_view::npos) {
        raw_ = data.substr(0, size);
        pending_ = size;
        return true;
      }
      if (at_end) return NotAnArray();
      if (data.size() > kMaxRecordBytes) return TooLong();
      at_end = !input_->ReadMore();
    }
  }

  Result<bool> CloseArray() {
    input_->Consume(1);
    finished_ = true;
    return EndOfArray();
  }

  Result<bool> EndOfArray() {
    if (NextCharacter() == '\0') return Stopped();
    return UsageError("something follows the end of the JSON array");
  }

  // The next character that is not white space, not consumed; '\0' at the end.
  char NextCharacter() {
    while (true) {
      const std::string_view data = input_->unread();
      const std::size_t skip = std::min(data.find_first_not_of(kWhiteSpace), data.size());
      input_->Consume(skip);
      if (skip < data.size()) return data[skip];
      if (!input_->ReadMore()) return '\0';
    }
  }

  Result<bool> Stopped() const {
    if (!input_->failure().empty()) return UsageError(input_->failure());
    return false;
  }

  Error NotAnArray() const {
    if (!input_->failure().empty()) return UsageError(input_->failure());
    return UsageError("the file is not valid JSON after record " + std::to_string(count_) +
                      ", near byte " + std::to_string(input_->consumed_bytes()));
  }

  Error TooLong() const {
    return UsageError("the record near byte " + std::to_string(input_->consumed_bytes()) +
                      " is longer than 64 MiB");
  }

  void Advance() {
    input_->Consume(pending_);
    pending_ = 0;
  }

  void ReadObject(Record* record) {
    padded_.assign(raw_);
    padded_.reserve(padded_.size() + simdjson::SIMDJSON_PADDING);
    document_ = parser_.iterate(
        simdjson::padded_string_view(padded_.data(), padded_.size(), padded_.capacity()));
    json::object object;
    const simdjson::error_code opened = document_.get_object().get(object);
    if (opened == simdjson::INCORRECT_TYPE) {
      record->problem = "the record is not a JSON object";
      return;
    }
    if (opened != simdjson::SUCCESS) throw simdjson::simdjson_error(opened);
    for (auto member : object) {
      FieldValue field;
      field.field = FieldIndex(member.unescaped_key());
      if (!ReadValue(member.value(), &field)) record->problem = "not valid JSON: malformed number";
      record->fields.push_back(field);
    }
    const char* rest = nullptr;  // there is a "current location" only if something is left
    if (document_.current_location().get(rest) == simdjson::SUCCESS && record->problem.empty()) {
      record->problem = "not valid JSON: something follows the object";
    }
  }

  static bool ReadValue(json::value value, FieldValue* field) {
    switch (json::json_type type = value.type(); type) {
      case json::json_type::null:
        field->kind = value.is_null() ? ValueKind::kNull : ValueKind::kText;
        return true;
      case json::json_type::boolean:
        field->kind = ValueKind::kBool;
        field->text = value.get_bool() ? "true" : "false";
        return true;
      case json::json_type::number: {
        const std::string_view token = value.raw_json_token();
        field->kind = ValueKind::kNumber;
        field->text = token.substr(0, token.find_last_not_of(kWhiteSpace) + 1);
        return IsNumberText(field->text);
      }
      case json::json_type::string:
        field->kind = ValueKind::kText;
        field->text = value.get_string();
        return true;
      case json::json_type::array: {
        json::array array = value.get_array();
        field->kind = ValueKind::kJson;
        field->text = array.raw_json();
        return true;
      }
      case json::json_type::object: {
        json::object object = value.get_object();
        field->kind = ValueKind::kJson;
        field->text = object.raw_json();
        return true;
      }
    }
    return false;
  }

  std::size_t FieldIndex(std::string_view name) {
    // Records of one file mostly have the same fields in the same order.
    if (next_guess_ >= names_.size()) next_guess_ = 0;
    if (next_guess_ < names_.size() && names_[next_guess_] == name) return next_guess_++;
    const auto [found, is_new] = index_.try_emplace(std::string(name), names_.size());
    if (is_new) names_.emplace_back(name);
    next_guess_ = found->second + 1;
    return found->second;
  }

  InputWindow* input_;
  JsonLayout layout_;
  json::parser parser_;
  json::document document_;  // owns the place of the unescaped texts together with parser_
  std::string padded_;
  std::vector<std::string> names_;
  std::unordered_map<std::string, std::size_t> index_;
  std::size_t next_guess_ = 0;
  std::string_view raw_;
  std::size_t pending_ = 0;  // bytes of the current record, consumed when the next one is read
  std::uint64_t line_ = 0;
  std::uint64_t count_ = 0;
  bool opened_ = false;
  bool finished_ = false;
};

}  // namespace

std::unique_ptr<RecordReader> OpenJson(InputWindow* input, JsonLayout layout) {
  return std::make_unique<JsonReader>(input, layout);
}

JsonLayout GuessJsonLayout(InputWindow* input) {
  constexpr std::string_view kMark = "\xEF\xBB\xBF";
  while (input->unread().size() < kMark.size() && input->ReadMore()) {
  }
  if (input->unread().starts_with(kMark)) input->Consume(kMark.size());
  while (true) {
    const std::size_t first = input->unread().find_first_not_of(kWhiteSpace);
    if (first != std::string_view::npos) {
      return input->unread()[first] == '[' ? JsonLayout::kArray : JsonLayout::kConcatenated;
    }
    if (!input->ReadMore()) return JsonLayout::kConcatenated;
  }
}

}  // namespace kalam::cli
