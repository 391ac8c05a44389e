#include "storages.h"

#include "base/json_writer.h"

namespace kalam::exec {
namespace {

using auth::Action;
using catalog::DdlOutcome;

Status Authorize(Action action, const StatementContext& context) {
  return auth::Authorize(context.who, action, auth::Object{.kind = auth::ObjectKind::kServer});
}

std::string Message(std::string_view id, std::string_view what) {
  return "Storage '" + std::string(id) + "' " + std::string(what);
}

// REGION is one of the credentials: it goes where they go.
std::optional<std::string> CredentialsOf(const sql::StorageFields& fields) {
  if (!fields.region) return fields.credentials;
  std::string region;
  AppendJsonString(region, *fields.region);
  const std::pair<std::string, std::string> added[] = {{"region", std::move(region)}};
  auto merged = catalog::MergeOptions(fields.credentials.value_or("{}"), added);
  // What is no object is refused by the catalog, with its own words.
  return merged.ok() ? std::optional(*std::move(merged)) : fields.credentials;
}

}  // namespace

Status RunCreateStorage(const sql::CreateStorage& statement, StatementContext& context) {
  KALAM_TRY(Authorize(Action::kCreateStorage, context));
  const sql::StorageFields& fields = statement.fields;
  catalog::Storage storage;
  storage.id = statement.id;
  storage.name = fields.name.value_or(statement.id);
  storage.description = fields.description;
  storage.type = statement.type == ToString(catalog::StorageType::kS3) ? catalog::StorageType::kS3
                                                                       : catalog::StorageType::kFilesystem;
  storage.uri = fields.uri.value_or("");
  if (fields.shared_tables_template) storage.shared_tables_template = *fields.shared_tables_template;
  if (fields.user_tables_template) storage.user_tables_template = *fields.user_tables_template;
  storage.credentials = CredentialsOf(fields);
  KALAM_TRY_ASSIGN(const DdlOutcome outcome,
                   context.services.catalog.CreateStorage(std::move(storage), statement.if_not_exists));
  context.response.AddOutcome(
      0, Message(statement.id, outcome == DdlOutcome::kDone ? "created successfully" : "already exists"));
  return {};
}

Status RunAlterStorage(const sql::AlterStorage& statement, StatementContext& context) {
  KALAM_TRY(Authorize(Action::kAlterStorage, context));
  const sql::StorageFields& fields = statement.fields;
  const catalog::StorageChange change{.name = fields.name,
                                .description = fields.description,
                                .uri = fields.uri,
                                .credentials = CredentialsOf(fields),
                                .shared_tables_template = fields.shared_tables_template,
                                .user_tables_template = fields.user_tables_template};
  KALAM_TRY(context.services.catalog.AlterStorage(statement.id, change));
  context.response.AddOutcome(0, Message(statement.id, "updated successfully"));
  return {};
}

Status RunDropStorage(const sql::DropStorage& statement, StatementContext& context) {
  KALAM_TRY(Authorize(Action::kDropStorage, context));
  KALAM_TRY_ASSIGN(const DdlOutcome outcome,
                   context.services.catalog.DropStorage(statement.id, statement.if_exists));
  context.response.AddOutcome(
      0, Message(statement.id, outcome == DdlOutcome::kDone ? "deleted successfully" : "does not exist (skipped)"));
  return {};
}

}  // namespace kalam::exec
