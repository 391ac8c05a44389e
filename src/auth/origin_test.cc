#include "auth/origin.h"

#include <gtest/gtest.h>

namespace kalam::auth {
namespace {

std::string ValueOf(const std::vector<ResponseHeader>& headers, std::string_view name) {
  for (const auto& header : headers) {
    if (header.name == name) return header.value;
  }
  return "(absent)";
}

TEST(LoopbackHost, NamesOfThisMachineWithOrWithoutPort) {
  for (const char* host : {"localhost", "LocalHost", "localhost:8080", "127.0.0.1",
                           "127.0.0.1:8080", "127.255.0.3", "[::1]", "[::1]:8080"}) {
    EXPECT_TRUE(IsLoopbackHost(host)) << host;
  }
}

TEST(LoopbackHost, NothingElse) {
  for (const char* host : {"",
                           ":8080",
                           "example.com",
                           "127.0.0.1.example.com",
                           "127.0.0.1.nip.io:80",
                           "localhost.evil",
                           "localhost.",
                           "evil-localhost",
                           "localhost:",
                           "localhost:80x",
                           "localhost:123456",
                           "localhost:80:80",
                           "localhost@evil.com",
                           "127.0.0",
                           "127.0.0.256",
                           "127.0.0.1.1",
                           "127.0.0.01",
                           "0127.0.0.1",
                           "127.1",
                           "2130706433",
                           "0x7f.0.0.1",
                           "0.0.0.0",
                           "10.0.0.1",
                           "128.0.0.1",
                           "::1",
                           "[::1",
                           "[::2]",
                           "[::ffff:127.0.0.1]",
                           "[::1]x",
                           " localhost",
                           "localhost ",
                           "127.0.0.1,evil.com"}) {
    EXPECT_FALSE(IsLoopbackHost(host)) << host;
  }
}

TEST(OriginPolicy, NoForeignOriginByDefault) {
  const OriginPolicy policy;
  EXPECT_FALSE(policy.Allows("https://evil.example", "localhost:8080"));
  EXPECT_FALSE(policy.Allows("null", "localhost:8080"));
  EXPECT_FALSE(policy.Allows("", "localhost:8080"));
  EXPECT_FALSE(policy.Allows("https://localhost.evil.example", "localhost:8080"));
  EXPECT_FALSE(policy.Allows("file://localhost", "localhost:8080"));
  EXPECT_FALSE(policy.Allows("http://localhost@evil.example", "localhost:8080"));
}

TEST(OriginPolicy, LoopbackAndOwnOriginsAreNotForeign) {
  const OriginPolicy policy;
  EXPECT_TRUE(policy.Allows("http://localhost:5173", "127.0.0.1:8080"));
  EXPECT_TRUE(policy.Allows("http://[::1]:5173", "127.0.0.1:8080"));
  EXPECT_TRUE(policy.Allows("https://db.example.com", "db.example.com"));
  EXPECT_TRUE(policy.Allows("http://DB.example.com:8080", "db.Example.com:8080"));
  EXPECT_FALSE(policy.Allows("http://db.example.com:9090", "db.example.com:8080"));
}

TEST(OriginPolicy, OwnOriginIsNotTrustedWithTheBypass) {
  // A page that rebinds its name to 127.0.0.1 has the same origin and host.
  EXPECT_FALSE(OriginPolicy().IsTrusted("http://rebound.example:8080"));
}

TEST(OriginPolicy, ListedOriginsMatchWhole) {
  const OriginPolicy policy({"https://App.example.com", "http://10.0.0.5:3000"});
  EXPECT_TRUE(policy.Allows("https://app.example.com", "db"));
  EXPECT_TRUE(policy.Allows("http://10.0.0.5:3000", "db"));
  EXPECT_TRUE(policy.IsTrusted("https://app.example.com"));
  for (const char* origin : {"http://app.example.com", "https://app.example.com:444",
                             "https://app.example.com.evil.io", "https://x.app.example.com"}) {
    EXPECT_FALSE(policy.Allows(origin, "db")) << origin;
  }
}

TEST(OriginPolicy, WildcardAllowsReadingWithoutCredentialsAndNeverTheBypass) {
  const OriginPolicy policy({"*"});
  EXPECT_TRUE(policy.Allows("https://any.example", "db"));
  EXPECT_FALSE(policy.IsTrusted("https://any.example"));
  const auto headers = policy.AnswerHeaders("https://any.example", "db");
  EXPECT_EQ(ValueOf(headers, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(ValueOf(headers, "Access-Control-Allow-Credentials"), "(absent)");
}

TEST(Cors, AnswersNameTheAllowedOriginAndVary) {
  const OriginPolicy policy({"https://app.example.com"});
  const auto allowed = policy.AnswerHeaders("https://app.example.com", "db");
  EXPECT_EQ(ValueOf(allowed, "Access-Control-Allow-Origin"), "https://app.example.com");
  EXPECT_EQ(ValueOf(allowed, "Access-Control-Allow-Credentials"), "true");
  EXPECT_EQ(ValueOf(allowed, "Vary"), "Origin");

  const auto refused = policy.AnswerHeaders("https://evil.example", "db");
  EXPECT_EQ(ValueOf(refused, "Access-Control-Allow-Origin"), "(absent)");
  EXPECT_EQ(ValueOf(refused, "Vary"), "Origin");
  EXPECT_TRUE(policy.AnswerHeaders(std::nullopt, "db").empty());
}

TEST(Cors, PreflightAllowsMethodsAndTheHeadersAskedFor) {
  const OriginPolicy policy;
  const auto headers =
      policy.PreflightHeaders("http://localhost:5173", "localhost:8080", "x-user-id, x-trace");
  EXPECT_EQ(ValueOf(headers, "Access-Control-Allow-Methods"), "GET, POST, OPTIONS");
  EXPECT_EQ(ValueOf(headers, "Access-Control-Allow-Headers"), "x-user-id, x-trace");
  EXPECT_EQ(ValueOf(headers, "Access-Control-Max-Age"), "3600");
  EXPECT_EQ(ValueOf(headers, "Access-Control-Allow-Origin"), "http://localhost:5173");
}

TEST(Cors, PreflightNeverEchoesWhatIsNotAHeaderList) {
  const auto headers =
      OriginPolicy().PreflightHeaders("http://localhost", "localhost", "x\r\nSet-Cookie: a=b");
  EXPECT_NE(ValueOf(headers, "Access-Control-Allow-Headers").find("Authorization"),
            std::string::npos);
}

TEST(Cors, PreflightOfAForeignOriginGetsNoPermission) {
  const auto headers = OriginPolicy().PreflightHeaders("https://evil.example", "db", "x-user-id");
  ASSERT_EQ(headers.size(), 1u);
  EXPECT_EQ(headers[0].name, "Vary");
}

}  // namespace
}  // namespace kalam::auth
