#pragma once

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "support/http_client.h"
#include "support/json.h"

namespace kalam::test {

// What POST /v1/api/sql answered. Printing it gives the request and the answer.
struct SqlAnswer {
  std::string request;  // the JSON sent
  HttpResponse http;
  Json json;  // kMissing if the body was not JSON

  bool ok() const { return http.status == 200 && json["status"].text() == "success"; }
  const Json& results() const { return json["results"]; }
  const Json& result(std::size_t index = 0) const { return json["results"][index]; }
  const std::string& code() const { return json["error"]["code"].text(); }
  const std::string& error() const { return json["error"]["message"].text(); }
  const std::string& message(std::size_t index = 0) const {
    return result(index)["message"].text();
  }
  std::int64_t row_count(std::size_t index = 0) const {
    return result(index)["row_count"].integer().value_or(-1);
  }
  std::vector<std::string> columns(std::size_t index = 0) const {
    return result(index)["columns"].texts();
  }
  // Cells in the order of `columns`, as their text; NULL is `NULL`.
  std::vector<std::vector<std::string>> rows(std::size_t index = 0) const;
  // The only cell of a one-cell result; a description of what came instead otherwise.
  std::string cell() const;
};

std::ostream& operator<<(std::ostream& out, const SqlAnswer& answer);

// Runs SQL over one kept-alive connection. For one thread.
class SqlClient {
 public:
  // `user` becomes X-USER-ID; empty leaves the header out.
  explicit SqlClient(std::uint16_t port, std::string user = {}) : http_(port) {
    set_user(std::move(user));
  }

  SqlAnswer Run(std::string_view sql) { return Send("{\"sql\":" + JsonQuote(sql) + "}"); }
  // `params` is the text of a JSON array.
  SqlAnswer Run(std::string_view sql, std::string_view params);
  // `body` as it is.
  SqlAnswer Send(std::string body);

  void set_user(std::string user);
  void set_headers(HttpHeaders headers) { headers_ = std::move(headers); }
  HttpClient& http() { return http_; }

 private:
  HttpClient http_;
  HttpHeaders headers_;
};

// A signed token, for `Authorization: Bearer ...`.
struct TokenOptions {
  std::string role;  // empty: no claim
  std::int64_t expires_in_seconds = 3600;
  std::string secret = "kalamdb-dev-secret-key-change-in-production";
};
std::string SignToken(std::string_view user, const TokenOptions& options = {});

}  // namespace kalam::test
