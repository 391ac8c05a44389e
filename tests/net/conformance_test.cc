// The 239 recorded cases of Autobahn|Testsuite that concern RFC 6455 itself (data/README.md), byte by byte
// over real sockets against an echo on the code that serves live queries.

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "net/websocket_server.h"
#include "support/json.h"
#include "support/websocket_client.h"

namespace kalam::test {
namespace {

using Kind = WebSocketEvent::Kind;
using std::chrono::milliseconds;

std::string Unhex(const std::string& hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

std::vector<Json> LoadCases() {
  std::ifstream file(KALAM_CONFORMANCE_CASES);
  std::vector<Json> cases;
  for (std::string line; std::getline(file, line);) cases.push_back(Json::Parse(line).value());
  return cases;
}

// "pong 70..", "text 48.." and "binary fe..": an event as one text.
std::string Describe(const WebSocketEvent& event) {
  static const char* const names[] = {"text", "binary", "ping", "pong", "close", "end"};
  return std::string(names[static_cast<int>(event.kind)]) + " " + event.payload;
}

// The events of the strict reading: what is right, not what is merely tolerated. "timeout" stands for
// "nothing for a second".
std::vector<std::string> StrictlyExpected(const Json& test) {
  std::vector<std::string> expected;
  for (const Json& event : test["expected"]["OK"].items()) {
    const std::string kind = event[0].text();
    if (kind == "timeout") continue;
    const std::string payload = Unhex(event[1].text());
    expected.push_back(kind == "pong" ? "pong " + payload
                                      : (event[2].text() == "true" ? "binary " : "text ") + payload);
  }
  return expected;
}

// One run of a case: what is sent, and what came back.
class Replay {
 public:
  Replay(std::uint16_t port, const Json& test)
      : test_(test), expected_(StrictlyExpected(test)), client_(port, "/echo", {}, {.answer_close = false}) {}

  void Run() {
    std::int64_t last_ms = 0;
    int pauses = 0;
    for (const Json& step : test_["sent"].items()) {
      const std::int64_t ms = step["ms"].integer().value();
      const std::string automatic = step["auto"].text();
      if (automatic == "close-reply") AwaitClose();
      if (automatic == "close-after-match") AwaitEvents(expected_.size());
      // The cases that pause to see bad text refused at once: not before its first bad byte, and not
      // later than that.
      if (test_["id"].text().starts_with("6.4.") && ms >= last_ms + 900) {
        if (pauses++ == 0) {
          EXPECT_FALSE(client_.TryNext(milliseconds(50))) << "refused before it was wrong";
        } else {
          AwaitClose();
        }
      } else {
        AwaitEvents(std::min<std::size_t>(step["rx"].integer().value() - pauses, expected_.size()));
      }
      last_ms = ms;
      Send(Unhex(step["hex"].text()), step["chop"].exists());
    }
    AwaitClose();
  }

  void Check() {
    EXPECT_EQ(seen_, expected_);
    std::set<std::int64_t> codes;
    for (const Json& code : test_["expectedClose"]["closeCode"].items()) codes.insert(code.integer().value());
    if (test_["observed_on_npm_ws"]["remoteCloseCode"].is_null()) codes.insert(1005);  // a close without a code
    EXPECT_TRUE(codes.contains(close_code_)) << close_code_;
    ASSERT_TRUE(client_.AwaitEnd(std::chrono::seconds(3))) << "the server leaves the connection open";
    EXPECT_EQ(client_.Next().payload, "end of stream");
  }

 private:
  void Send(const std::string& bytes, bool one_by_one) {
    if (!one_by_one) return client_.SendRaw(bytes);
    for (const char& byte : bytes) client_.SendRaw({&byte, 1});
  }

  void AwaitEvents(std::size_t count) {
    while (seen_.size() < count && close_code_ == 0) Take();
  }
  void AwaitClose() {
    while (close_code_ == 0) Take();
  }
  void Take() {
    const auto event = client_.TryNextOfAll(std::chrono::seconds(3));  // longer, and it has failed
    if (!event || event->kind == Kind::kEnd) {
      close_code_ = 1006;
    } else if (event->kind == Kind::kClose) {
      close_code_ = event->code;
    } else {
      seen_.push_back(Describe(*event));
    }
  }

  const Json& test_;
  const std::vector<std::string> expected_;
  WebSocketClient client_;
  std::vector<std::string> seen_;
  int close_code_ = 0;
};

TEST(WebSocketConformance, EveryRecordedCasePasses) {
  const std::vector<Json> cases = LoadCases();
  ASSERT_EQ(cases.size(), 239u);
  WebSocketServer server;
  for (const Json& test : cases) {
    SCOPED_TRACE(test["id"].text() + ": " + test["description"].text());
    Replay replay(server.port(), test);
    replay.Run();
    replay.Check();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace kalam::test
