#include "support/sql_client.h"

#include "auth/jwt.h"

#include <ctime>

namespace kalam::test {
namespace {

// Answers may hold megabytes; a report needs their beginning.
constexpr std::size_t kShownBytes = 4000;

std::string Shorten(const std::string& text) {
  if (text.size() <= kShownBytes) return text;
  return text.substr(0, kShownBytes) + "... (" + std::to_string(text.size()) + " bytes)";
}

}  // namespace

std::vector<std::vector<std::string>> SqlAnswer::rows(std::size_t index) const {
  const std::vector<std::string> names = columns(index);
  std::vector<std::vector<std::string>> rows;
  for (const Json& row : result(index)["rows"].items()) {
    auto& cells = rows.emplace_back();
    for (const std::string& name : names) {
      const Json& cell = row[name];
      if (cell.is_null()) {
        cells.emplace_back("NULL");
      } else if (cell.is_array() || cell.is_object()) {
        cells.push_back(cell.Dump());
      } else {
        cells.push_back(cell.exists() ? cell.text() : "<missing>");
      }
    }
  }
  return rows;
}

std::string SqlAnswer::cell() const {
  if (!ok()) return "<error: " + error() + ">";
  const auto all = rows();
  if (all.size() != 1 || all[0].size() != 1) {
    return "<" + std::to_string(all.size()) + " rows, " + std::to_string(columns().size()) +
           " columns>";
  }
  return all[0][0];
}

std::ostream& operator<<(std::ostream& out, const SqlAnswer& answer) {
  return out << "request: " << Shorten(answer.request) << "\nanswer:  HTTP " << answer.http.status
             << " " << Shorten(answer.http.body);
}

void SqlClient::set_user(std::string user) {
  headers_ = {{"Content-Type", "application/json"}};
  if (!user.empty()) headers_.emplace_back("X-USER-ID", std::move(user));
}

SqlAnswer SqlClient::Run(std::string_view sql, std::string_view params) {
  return Send("{\"sql\":" + JsonQuote(sql) + ",\"params\":" + std::string(params) + "}");
}

SqlAnswer SqlClient::Send(std::string body) {
  SqlAnswer answer;
  answer.request = std::move(body);
  answer.http = http_.Request("POST", "/v1/api/sql", answer.request, headers_);
  if (auto json = Json::Parse(answer.http.body)) answer.json = std::move(*json);
  return answer;
}

std::string SignToken(std::string_view user, const TokenOptions& options) {
  auth::Claims claims{.user_id = UserId::FromTrusted(std::string(user))};
  if (!options.role.empty()) claims.role = auth::FindRole(options.role);
  claims.issued_at = std::time(nullptr);
  claims.expires_at = *claims.issued_at + options.expires_in_seconds;
  return auth::SignJwt(claims, options.secret);
}

}  // namespace kalam::test
