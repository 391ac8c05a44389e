#include "http_response.h"

#include <gtest/gtest.h>

#include <string>

namespace kalam::bench {
namespace {

constexpr std::string_view kAnswer =
    "HTTP/1.1 200 OK\r\nServer: x\r\ncontent-LENGTH:  5 \r\n\r\nhelloHTTP/1.1 400";

TEST(ParseResponse, FindsStatusBodyAndWhereTheNextAnswerBegins) {
  const auto parsed = ParseResponse(kAnswer);
  ASSERT_TRUE(parsed.ok());
  ASSERT_TRUE(parsed->has_value());
  EXPECT_EQ((*parsed)->status, 200);
  EXPECT_EQ((*parsed)->body, "hello");
  EXPECT_EQ(kAnswer.substr((*parsed)->total_bytes), "HTTP/1.1 400");
}

TEST(ParseResponse, WaitsForMoreAtEveryCut) {
  const std::size_t whole = kAnswer.find("hello") + 5;
  for (std::size_t cut = 0; cut < whole; ++cut) {
    const auto parsed = ParseResponse(kAnswer.substr(0, cut));
    ASSERT_TRUE(parsed.ok()) << cut;
    EXPECT_FALSE(parsed->has_value()) << cut;
  }
}

TEST(ParseResponse, ReadsErrorsWithEmptyBodies) {
  const auto parsed = ParseResponse("HTTP/1.1 503 Unavailable\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(parsed.ok());
  ASSERT_TRUE(parsed->has_value());
  EXPECT_EQ((*parsed)->status, 503);
  EXPECT_EQ((*parsed)->body, "");
}

TEST(ParseResponse, RefusesWhatIsNoKeepAliveAnswerOfKnownLength) {
  for (const std::string_view bytes : {
           "SSH-2.0-OpenSSH\r\n\r\n",
           "HTTP/1.1 abc\r\nContent-Length: 0\r\n\r\n",
           "HTTP/1.1 200 OK\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 0x10\r\n\r\n",
           "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
       }) {
    EXPECT_FALSE(ParseResponse(bytes).ok()) << bytes;
  }
  EXPECT_FALSE(ParseResponse(std::string(20'000, 'a')).ok());
}

}  // namespace
}  // namespace kalam::bench
