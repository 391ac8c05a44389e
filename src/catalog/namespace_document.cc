#include "catalog/namespace_document.h"

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

}  // namespace kalam::catalog
