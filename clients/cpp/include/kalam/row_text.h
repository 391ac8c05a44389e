#pragma once

#include "kalam/response.h"

#include <string>
#include <string_view>
#include <vector>

namespace kalam {
inline namespace link_v1 {

// Rows as text piece by piece, for those who write them as they come. Everything at once: ToJson and ToCsv of
// StatementResult and Response.

// One value as JSON, numbers digit for digit.
void AppendJson(const Cell& cell, std::string* out);

// Rows of the same columns as JSON objects: {"id":1,"body":"hello"}.
class JsonObjects {
 public:
  explicit JsonObjects(const std::vector<std::string>& columns);
  void Append(const Row& row, std::string* out) const;

 private:
  std::vector<std::string> keys_;  // with what stands around them: `{"id":`, `,"body":`
};

// CSV as RFC 4180 quotes it, each line with a line feed at its end. NULL is an empty field and an empty text is `""`,
// so that a reader can tell them apart (`kalam import` does); bytes and JSON are the text that the server sends.
void AppendCsvHeader(const std::vector<std::string>& columns, std::string* out);
void AppendCsvLine(const Row& row, std::string* out);

}  // namespace link_v1
}  // namespace kalam
