#include "http_parser.h"

#include "gtest/gtest.h"

#include <random>
#include <string>
#include <vector>

namespace kalam::net {
namespace {

const ParserLimits kLimits{1024, 4096, {"host", "content-length", "authorization"}};

// What the parser makes of `input` when it arrives in the pieces that end at `cuts`.
struct Reading {
  explicit Reading(std::string_view input, std::vector<std::size_t> cuts = {}) : parser(kLimits) {
    parser.Begin(request);
    cuts.push_back(input.size());
    for (const std::size_t cut : cuts) {
      used += parser.Put(input.substr(used, cut - used));
      if (parser.done() || parser.refusal()) return;
    }
  }
  int status() const { return parser.refusal() ? parser.refusal()->status : 0; }

  RequestParser parser;
  HttpRequest request;
  std::size_t used = 0;
};

TEST(HttpParserTest, ReadsARequest) {
  const Reading reading(
      "POST /v1/api/sql?a=1&b=2 HTTP/1.1\r\nHost: x\r\nX-User-Id:  anna \r\n"
      "Content-Length: 4\r\n\r\nbodyGET ");
  ASSERT_TRUE(reading.parser.done());
  const HttpRequest& request = reading.request;
  EXPECT_EQ(request.method(), "POST");
  EXPECT_EQ(request.path(), "/v1/api/sql");
  EXPECT_EQ(request.query(), "a=1&b=2");
  EXPECT_EQ(request.Header("x-user-ID"), "anna");
  EXPECT_EQ(request.Header("x-user"), std::nullopt);
  EXPECT_EQ(request.body(), "body");
  EXPECT_TRUE(reading.parser.keep_alive());
}

TEST(HttpParserTest, PadsTheBodyWithReadableZeros) {
  for (const std::string input : {"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
                                  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab",
                                  "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                                  "1\r\na\r\n1\r\nb\r\n0\r\n\r\n"}) {
    const Reading reading(input);
    ASSERT_TRUE(reading.parser.done());
    const char* end = reading.request.body().data() + reading.request.body().size();
    EXPECT_EQ(std::string_view(end, HttpRequest::kBodyPadding), std::string(64, '\0'));
  }
}

TEST(HttpParserTest, FindsThePathOfAnAbsoluteTarget) {
  EXPECT_EQ(Reading("GET http://h:1/a/b?c HTTP/1.1\r\nHost: x\r\n\r\n").request.path(), "/a/b");
  EXPECT_EQ(Reading("GET http://h HTTP/1.1\r\nHost: x\r\n\r\n").request.path(), "/");
}

TEST(HttpParserTest, DropsTrailersOfAChunkedBody) {
  const Reading reading(
      "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\nX-User-Id: root\r\n\r\n");
  ASSERT_TRUE(reading.parser.done());
  EXPECT_EQ(reading.request.body(), "abcde");
  EXPECT_EQ(reading.request.Header("x-user-id"), std::nullopt);
}

// Found by the fuzzer: Beast asserts, in builds with assertions, that it never sees less of what it has seen in part.
TEST(HttpParserTest, LeavesTheLastChunkUntilAllOfItIsThere) {
  RequestParser parser(kLimits);
  HttpRequest request;
  parser.Begin(request);
  const std::string_view head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(parser.Put(head), head.size());
  for (const std::string_view part : {"0", "0\r", "0\r\n", "0\r\n\r"}) EXPECT_EQ(parser.Put(part), 0u);
  EXPECT_FALSE(parser.done());
  EXPECT_EQ(parser.Put("0\r\n\r\n"), 5u);
  EXPECT_TRUE(parser.done());
}

// Found by the fuzzer: each byte of such a text is another attempt to read the head of the chunk.
TEST(HttpParserTest, CountsAChunkOnceHoweverItsHeadArrives) {
  const std::string head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n800;x=\"\r\n";
  const std::string input = head + "abcdefgh\"\r\n";
  std::vector<std::size_t> cuts(input.size());
  for (std::size_t i = 0; i < cuts.size(); ++i) cuts[i] = i;
  EXPECT_EQ(Reading(input).status(), 400);
  EXPECT_EQ(Reading(input, cuts).status(), 400);
}

TEST(HttpParserTest, RefusesWhatProxiesMayReadDifferently) {
  const std::string post = "POST / HTTP/1.1\r\nHost: x\r\n";
  EXPECT_EQ(Reading(post + "Content-Length: 5, 5\r\n\r\nhello").status(), 400);
  EXPECT_EQ(Reading(post + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello").status(), 400);
  EXPECT_EQ(Reading(post + "Content-Length: +5\r\n\r\nhello").status(), 400);
  EXPECT_EQ(Reading(post + "Content-Length: -1\r\n\r\n").status(), 400);
  EXPECT_EQ(Reading(post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n").status(),
            400);
  EXPECT_EQ(Reading(post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n").status(),
            400);
  EXPECT_EQ(Reading(post + "Transfer-Encoding: gzip\r\n\r\n").status(), 400);
  EXPECT_EQ(Reading(post + "Transfer-Encoding: gzip, chunked\r\n\r\n").status(), 400);
  EXPECT_EQ(Reading("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").status(), 400);
  EXPECT_EQ(Reading("GET / HTTP/1.1\r\n\r\n").status(), 400);
  EXPECT_EQ(Reading("GET / HTTP/1.1\r\nHost : x\r\n\r\n").status(), 400);
  EXPECT_EQ(Reading("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n").status(), 400);
  EXPECT_EQ(Reading("GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nauthorization: 1\r\nAuthorization: 2"
                    "\r\n\r\n")
                .status(),
            400);
  EXPECT_EQ(Reading("GET / HTTP/2.0\r\nHost: x\r\n\r\n").status(), 400);
  EXPECT_EQ(Reading("GET / HTTP/1.1\r\nHost: x\r\nExpect: cake\r\n\r\n").status(), 417);
}

TEST(HttpParserTest, BoundsHeadersHoweverTheyArrive) {
  const std::string line = "X-Some-Header: 0123456789\r\n";
  std::string input = "GET / HTTP/1.1\r\nHost: x\r\n";
  std::vector<std::size_t> cuts;
  for (int i = 0; i < 100; ++i) {
    input += line;
    cuts.push_back(input.size());  // every call sees one short line only
  }
  EXPECT_EQ(Reading(input).status(), 431);
  EXPECT_EQ(Reading(input, cuts).status(), 431);
  EXPECT_EQ(Reading("GET /" + std::string(2000, 'a')).status(), 431);
}

TEST(HttpParserTest, BoundsBodiesAndTheFramingOfChunks) {
  const std::string chunked = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(Reading("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4097\r\n\r\n").status(), 413);
  EXPECT_EQ(Reading(chunked + "1001\r\n").status(), 413);
  EXPECT_EQ(Reading(chunked + "800\r\n" + std::string(0x800, 'a') + "\r\n801\r\n").status(), 413);
  EXPECT_EQ(Reading(chunked + "ffffffffffffffffff\r\n").status(), 400);
  EXPECT_EQ(Reading(chunked + "1;" + std::string(2000, 'x')).status(), 431);
  EXPECT_EQ(Reading(chunked + "0\r\n" + std::string(2000, 'x')).status(), 431);
}

std::string RandomRequest(std::mt19937& random) {
  const auto number = [&](int below) { return static_cast<int>(random() % below); };
  std::string text = number(2) ? "POST /a?b HTTP/1.1\r\n" : "PUT /path HTTP/1.1\r\n";
  text += "Host: localhost\r\n";
  for (int i = number(5); i > 0; --i) {
    text += "X-H" + std::to_string(i) + ": " + std::string(number(20), 'v') + "\r\n";
  }
  std::string body(number(300), ' ');
  for (char& c : body) c = static_cast<char>(number(256));
  if (number(2)) {
    return text + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
  text += "Transfer-Encoding: chunked\r\n\r\n";
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t size = std::min<std::size_t>(1 + number(60), body.size() - at);
    char head[16];
    std::snprintf(head, sizeof head, "%zx\r\n", size);
    text += head + body.substr(at, size) + "\r\n";
    at += size;
  }
  return text + "0\r\n\r\n";
}

std::vector<std::size_t> RandomCuts(std::mt19937& random, std::size_t size) {
  std::vector<std::size_t> cuts;
  for (std::size_t at = 0; at < size; at += 1 + random() % 40) cuts.push_back(at);
  return cuts;
}

TEST(HttpParserTest, ReadsTheSameWhereverTheBytesAreCut) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int i = 0; i < 3000; ++i) {
    const std::string input = RandomRequest(random);
    const Reading whole(input);
    const Reading cut(input, RandomCuts(random, input.size()));
    ASSERT_TRUE(whole.parser.done()) << input;
    ASSERT_TRUE(cut.parser.done()) << input;
    ASSERT_EQ(cut.used, input.size());
    ASSERT_EQ(cut.request.body(), whole.request.body());
    ASSERT_EQ(cut.request.header_count(), whole.request.header_count());
    for (std::size_t h = 0; h < whole.request.header_count(); ++h) {
      ASSERT_EQ(cut.request.header_name(h), whole.request.header_name(h));
      ASSERT_EQ(cut.request.header_value(h), whole.request.header_value(h));
    }
  }
}

TEST(HttpParserTest, TakesOrRefusesAnyBytes) {
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  int done = 0;
  for (int i = 0; i < 30'000; ++i) {
    std::string input = RandomRequest(random);
    for (int flips = static_cast<int>(random() % 4); flips > 0; --flips) {
      input[random() % input.size()] = static_cast<char>(random());
    }
    const Reading reading(input, RandomCuts(random, input.size()));
    ASSERT_LE(reading.used, input.size());
    if (reading.parser.refusal()) {
      ASSERT_GE(reading.status(), 400);
      ASSERT_LT(reading.status(), 500);
    }
    if (!reading.parser.done()) continue;
    ++done;
    ASSERT_LE(reading.request.body().size(), kLimits.max_body_bytes);
  }
  EXPECT_GT(done, 1000);  // the mutations are mild enough to get past the header
}

}  // namespace
}  // namespace kalam::net
