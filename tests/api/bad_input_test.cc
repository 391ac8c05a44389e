// Hostile and broken input: a clear answer, bounded time and memory, and the next request is served.

#include <chrono>

#include "support/server_test.h"

namespace kalam::test {
namespace {

class BadInput : public SharedServerTest {
 protected:
  void SetUp() override { server().ResetPeak(); }
  void TearDown() override {
    EXPECT_TRUE(Ok(Client().Run("SELECT 1")));
    EXPECT_LT(server().PeakResidentBytes(), std::uint64_t{1500} << 20);
    SharedServerTest::TearDown();
  }
  static SqlAnswer Quick(const std::string& sql) {
    const auto start = std::chrono::steady_clock::now();
    SqlAnswer answer = Client().Run(sql);
    EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(10));
    return answer;
  }
};

TEST_F(BadInput, DeepBrackets) {
  EXPECT_TRUE(FailsWith(Quick("SELECT " + std::string(2000, '(') + "1" + std::string(2000, ')')), "LIMIT_EXCEEDED",
                        "limits.max_nesting_depth"));
}

TEST_F(BadInput, HugeInList) {
  std::string list = "1";
  for (int i = 0; i < 200'000; ++i) list += ",1";
  EXPECT_TRUE(FailsWith(Quick("SELECT 1 IN (" + list + ")"), "LIMIT_EXCEEDED", "limits.max_in_list"));
}

TEST_F(BadInput, HundredThousandStatements) {
  std::string batch;
  for (int i = 0; i < 100'000; ++i) batch += "SELECT 1;";
  EXPECT_TRUE(FailsWith(Quick(batch), "LIMIT_EXCEEDED", "limits.max_batch_statements"));
}

TEST_F(BadInput, FunctionBombs) {
  EXPECT_TRUE(FailsWith(Quick("SELECT unnest(range(1000000000))"), "SQL_EXECUTION_ERROR", "limits.max_list_elements"));
  EXPECT_TRUE(FailsWith(Quick("SELECT repeat('x', 2000000000)"), "SQL_EXECUTION_ERROR", "limits.max_string_bytes"));
}

TEST_F(BadInput, BodiesThatAreNotRequests) {
  for (const char* body : {"", "{", "[]", "null", "{\"sql\":7}", "{\"sql\":\"SELECT 1\",\"params\":{}}",
                           "{\"sql\":\"SELECT 1\"} trailing", "\xff\xfe", "{\"SQL\":\"SELECT 1\"}"}) {
    const SqlAnswer answer = Client().Send(body);
    EXPECT_EQ(answer.http.status, 400) << answer;
    EXPECT_EQ(answer.code(), "INVALID_REQUEST") << answer;
  }
}

TEST_F(BadInput, TenMegabytesOfText) {
  const SqlAnswer answer = Quick("SELECT length('" + std::string(10 << 20, 'x') + "')");
  ASSERT_TRUE(Ok(answer));
  EXPECT_EQ(answer.cell(), "10485760");
}

TEST_F(BadInput, BodiesBeyondTheLimitAreRefusedUnread) {
  HttpClient http(server().port());
  http.SendRaw("POST /v1/api/sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n{");
  EXPECT_EQ(http.ReadResponse().status, 413);
}

TEST_F(BadInput, ABodyCutOffIsNoRequest) {
  HttpClient http(server().port());
  http.SendRaw("POST /v1/api/sql HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{\"sql\":");
  http.Close();
}

TEST_F(BadInput, MalformedHttp) {
  for (const char* bytes : {"nonsense\r\n\r\n", "GET\r\n\r\n", "POST /v1/api/sql HTTP/9.9\r\n\r\n",
                            "POST /v1/api/sql HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
                            "POST /v1/api/sql HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 0\r\n\r\n"}) {
    HttpClient http(server().port());
    http.SendRaw(bytes);
    EXPECT_EQ(http.ReadResponse().status, 400) << bytes;
  }
}

}  // namespace
}  // namespace kalam::test
