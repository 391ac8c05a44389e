#include "live_ddl.h"

#include <cstdlib>

#include "base/json_writer.h"
#include "exec/live_statements.h"
#include "live/hub.h"
#include "model/generated_ids.h"

namespace kalam::exec {
namespace {

std::string WebSocketUrl(const StatementContext& context) {
  if (const char* url = std::getenv("WEBSOCKET_URL"); url && *url) return url;
  const std::string host(context.host.empty() ? std::string_view("localhost:8080") : context.host);
  return "ws://" + host + "/" + context.options.api_version + "/ws";
}

}  // namespace

Status RunSubscribeTo(const sql::SubscribeTo& statement, StatementContext& context) {
  const std::string table = statement.name.ns.value_or("") + "." + statement.name.table;
  std::string sql = "SELECT * FROM " + table;
  if (!statement.where.empty()) sql += " WHERE " + statement.where;
  // What can't be subscribed to is known now rather than later.
  LiveStatements statements(context.services, context.options);
  if (const auto bound = statements.Bind(context.who, sql); !bound.ok()) return bound.error();

  std::string subscription;
  JsonWriter json(subscription);
  json.BeginObject().Key("id").String("sub-" + MakeUuidV7(context.now)).Key("sql").String(sql);
  if (statement.last_rows) {
    json.Key("options").BeginObject().Key("last_rows").Int(*statement.last_rows).EndObject();
  }
  json.EndObject();
  const std::string url = WebSocketUrl(context);
  const wire::ResultShape shape({{"status", DataType::kText},
                                 {"ws_url", DataType::kText},
                                 {"subscription", DataType::kJson},
                                 {"message", DataType::kText}});
  wire::SqlResponseWriter& response = context.response;
  response.BeginRows(shape);
  response.BeginRow();
  response.TextCell("subscription_required");
  response.TextCell(url);
  response.RawCell(subscription);
  response.TextCell("Connect to WebSocket at " + url + " and send the subscription object");
  KALAM_TRY(response.EndRow());
  response.EndRows();
  return {};
}

Status RunKillLiveQuery(const sql::KillLiveQuery& statement, StatementContext& context) {
  live::Hub& hub = context.services.live;
  const Error unknown(ErrorCode::kNotFound, "Live query not found: " + statement.live_id);
  const auto owner = hub.Find(statement.live_id);
  if (!owner) return unknown;
  KALAM_TRY(auth::Authorize(context.who, auth::Action::kKillLiveQuery,
                            auth::Object{.kind = auth::ObjectKind::kSystemLiveQueries,
                                         .name = statement.live_id,
                                         .owner = owner->user_id}));
  if (!hub.Kill(statement.live_id)) return unknown;
  context.response.AddOutcome(0, "Live query " + statement.live_id + " terminated");
  return {};
}

Status CheckNotFollowed(const TableDef& table, const StatementContext& context) {
  const std::size_t count = context.services.live.CountOf(table.id);
  if (count == 0) return {};
  return Error(ErrorCode::kInvalidArgument, "Cannot drop table " + table.name.ToString() +
                                                " while active live queries exist (" + std::to_string(count) +
                                                " active subscription(s))");
}

Status CheckColumnNotFollowed(const TableDef& table, std::string_view column, const StatementContext& context) {
  std::string folded(column);
  for (char& c : folded) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
  const auto users = context.services.live.UsersOfColumn(table.id, folded);
  if (users.empty()) return {};
  std::string affected;
  for (const auto& live_id : users) affected += (affected.empty() ? "" : ", ") + live_id;
  return Error(ErrorCode::kInvalidArgument,
               "Cannot drop column '" + std::string(column) + "': " + std::to_string(users.size()) +
                   " active subscription(s) reference this column. Affected: [" + affected + "]");
}

}  // namespace kalam::exec
