#include "catalog/user.h"

#include "document_reader.h"
#include "document_writer.h"

namespace kalam::catalog {

std::string EncodeUser(const User& user) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  PutText(json, "user_id", user.user_id);
  PutText(json, "username", user.username);
  PutText(json, "role", auth::ToString(user.role));
  PutOptionalText(json, "email", user.email);
  PutOptionalText(json, "metadata", user.metadata);
  PutText(json, "storage_mode", user.storage_mode);
  PutOptionalText(json, "storage_id", user.storage_id);
  PutOptionalText(json, "password_hash", user.password_hash);
  PutMillis(json, "created_at", user.created_at);
  PutMillis(json, "updated_at", user.updated_at);
  json.Key("deleted_at");
  user.deleted_at ? json.Int(*user.deleted_at / 1000) : json.Null();
  json.EndObject();
  return out;
}

Result<User> DecodeUser(std::string_view key, std::string_view json) {
  simdjson::dom::parser parser;
  KALAM_TRY_ASSIGN(const auto reader, DocumentReader::Parse(parser, key, json));
  User user;
  KALAM_TRY_ASSIGN(user.user_id, reader.GetText("user_id"));
  KALAM_TRY_ASSIGN(user.username, reader.GetText("username"));
  KALAM_TRY_ASSIGN(const auto role_name, reader.Get<std::string_view>("role"));
  const auto role = auth::FindRole(role_name);
  if (!role) return reader.BadField("role");
  user.role = *role;
  KALAM_TRY_ASSIGN(user.email, reader.GetOptionalText("email"));
  KALAM_TRY_ASSIGN(user.metadata, reader.GetOptionalText("metadata"));
  KALAM_TRY_ASSIGN(user.storage_mode, reader.GetText("storage_mode"));
  KALAM_TRY_ASSIGN(user.storage_id, reader.GetOptionalText("storage_id"));
  KALAM_TRY_ASSIGN(user.password_hash, reader.GetOptionalText("password_hash"));
  KALAM_TRY_ASSIGN(user.created_at, reader.GetMillis("created_at"));
  KALAM_TRY_ASSIGN(user.updated_at, reader.GetMillis("updated_at"));
  KALAM_TRY_ASSIGN(user.deleted_at, reader.GetOptionalMillis("deleted_at"));
  return user;
}

std::string EncodeApiKey(const ApiKey& key) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  PutText(json, "id", key.id);
  PutText(json, "user_id", key.user_id);
  PutOptionalText(json, "name", key.name);
  PutText(json, "hash", key.hash);
  PutMillis(json, "created_at", key.created_at);
  json.EndObject();
  return out;
}

Result<ApiKey> DecodeApiKey(std::string_view key, std::string_view json) {
  simdjson::dom::parser parser;
  KALAM_TRY_ASSIGN(const auto reader, DocumentReader::Parse(parser, key, json));
  ApiKey api_key;
  KALAM_TRY_ASSIGN(api_key.id, reader.GetText("id"));
  KALAM_TRY_ASSIGN(api_key.user_id, reader.GetText("user_id"));
  KALAM_TRY_ASSIGN(api_key.name, reader.GetOptionalText("name"));
  KALAM_TRY_ASSIGN(api_key.hash, reader.GetText("hash"));
  KALAM_TRY_ASSIGN(api_key.created_at, reader.GetMillis("created_at"));
  return api_key;
}

}  // namespace kalam::catalog
