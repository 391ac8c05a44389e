#include "wire/login.h"

#include <gtest/gtest.h>

#include "wire/sql_request.h"

namespace kalam::wire {
namespace {

Result<LoginRequest> Parse(std::string body) {
  const std::size_t size = body.size();
  body.append(kBodyPaddingBytes, ' ');
  return ParseLoginRequest(std::string_view(body).substr(0, size));
}

TEST(LoginRequest, TakesUserAndPassword) {
  const auto request = Parse(R"({"user":"maya","password":"p\u00e9 \"x\""})").value();
  EXPECT_EQ(request.user, "maya");
  EXPECT_EQ(request.password, "p\xc3\xa9 \"x\"");
  EXPECT_EQ(Parse(R"({"password":"a","username":"b"})").value().user, "b");
}

TEST(LoginRequest, RefusesTheRestWithoutRepeatingIt) {
  for (const char* bad : {"", "x", "[]", "{}", R"({"user":"maya"})", R"({"password":"secret"})",
                          R"({"user":"maya","password":7})", R"({"user":null,"password":"secret"})",
                          R"({"user":"maya","password":"secret","password":"secret"})",
                          R"({"user":"maya","password":"secret","x":1})", R"({"user":"maya","password":"secret"} x)",
                          R"({"user":"maya","password":"secret)"}) {
    const auto request = Parse(bad);
    ASSERT_FALSE(request.ok()) << bad;
    EXPECT_EQ(request.error().message().find("secret"), std::string::npos);
  }
}

TEST(LoginBody, HasTheDocumentedFields) {
  EXPECT_EQ(LoginBody({.access_token = "a.b.c", .expires_in = std::chrono::hours(1), .user_id = "maya",
                       .username = "Maya", .role = "user"}),
            R"({"access_token":"a.b.c","token_type":"Bearer","expires_in":3600,)"
            R"("user":{"user_id":"maya","username":"Maya","role":"user","email":null}})");
}

}  // namespace
}  // namespace kalam::wire
