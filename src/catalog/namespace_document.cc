#include "catalog/namespace_document.h"

#include <algorithm>
#include <vector>

#include "document_reader.h"
#include "document_writer.h"

namespace kalam::catalog {

std::string EncodeNamespace(const NamespaceDocument& document) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  PutText(json, "name", document.name);
  PutText(json, "options", document.options_json);
  PutMillis(json, "created_at", document.created_at);
  json.EndObject();
  return out;
}

Result<NamespaceDocument> DecodeNamespace(std::string_view key, std::string_view json) {
  simdjson::dom::parser parser;
  KALAM_TRY_ASSIGN(const auto reader, DocumentReader::Parse(parser, key, json));
  NamespaceDocument document;
  KALAM_TRY_ASSIGN(document.name, reader.GetText("name"));
  KALAM_TRY_ASSIGN(document.options_json, reader.GetText("options"));
  KALAM_TRY_ASSIGN(document.created_at, reader.GetMillis("created_at"));
  return document;
}

Result<std::string> MergeOptions(std::string_view options_json,
                                 std::span<const std::pair<std::string, std::string>> changes) {
  constexpr std::size_t kMaxBytes = 64 << 10;
  simdjson::dom::parser parser;
  simdjson::dom::object stored;
  if (parser.parse(options_json.data(), options_json.size()).get(stored)) {
    return DocumentReader::Corrupt("namespace options", "not a JSON object");
  }
  std::vector<std::pair<std::string, std::string>> merged;
  for (const auto field : stored) merged.emplace_back(field.key, simdjson::minify(field.value));
  for (const auto& [key, value] : changes) {
    const auto same = std::find_if(merged.begin(), merged.end(), [&](const auto& one) { return one.first == key; });
    if (same != merged.end()) {
      same->second = value;
    } else {
      merged.emplace_back(key, value);
    }
  }
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  for (const auto& [key, value] : merged) json.Key(key).Raw(value);
  json.EndObject();
  if (out.size() > kMaxBytes) {
    return Error(ErrorCode::kLimitExceeded, "ERROR: the options of a namespace are limited to 64 KB");
  }
  return out;
}

}  // namespace kalam::catalog
