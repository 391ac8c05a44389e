#include "net/websocket_frame.h"
#include "utf8.h"
#include "websocket_parser.h"

#include "gtest/gtest.h"

#include <algorithm>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace kalam::net {
namespace {

using Event = WebSocketParser::Event;

// A client's frame, byte by byte as RFC 6455 draws it.
std::string ClientFrame(std::uint8_t first, std::string_view payload,
                        std::uint32_t mask = 0x9d3ac711) {
  std::string frame(1, static_cast<char>(first));
  const std::size_t length_bytes = payload.size() < 126 ? 0 : payload.size() <= 0xffff ? 2 : 8;
  const std::size_t short_length = length_bytes == 0 ? payload.size() : length_bytes == 2 ? 126 : 127;
  frame.push_back(static_cast<char>(0x80 | short_length));
  for (std::size_t i = length_bytes; i > 0; --i) {
    frame.push_back(static_cast<char>(payload.size() >> (8 * (i - 1))));
  }
  const char key[4] = {static_cast<char>(mask >> 24), static_cast<char>(mask >> 16),
                       static_cast<char>(mask >> 8), static_cast<char>(mask)};
  frame.append(key, 4);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame.push_back(static_cast<char>(payload[i] ^ key[i % 4]));
  }
  return frame;
}

struct Seen {
  Event event;
  std::string payload;
  std::uint16_t code = 0;
  bool operator==(const Seen&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Seen& seen) {
  return out << static_cast<int>(seen.event) << " '" << seen.payload << "' " << seen.code;
}

// All that comes out of `stream` when it arrives in pieces of the sizes that `next_size` says.
template <typename NextSize>
std::vector<Seen> ParseIn(WebSocketParser& parser, std::string stream, NextSize next_size) {
  std::vector<Seen> seen;
  for (std::size_t at = 0; at < stream.size();) {
    const std::size_t size = std::min<std::size_t>(next_size(), stream.size() - at);
    std::string piece = stream.substr(at, size);  // its own memory, so that overruns show
    at += size;
    std::span<char> input(piece);
    while (true) {
      const Event event = parser.Next(input);
      if (event == Event::kNeedMore) break;
      const bool over = event == Event::kClose || event == Event::kFailed;
      seen.push_back({event, std::string(parser.payload()), over ? parser.close_code() : std::uint16_t{0}});
      if (over) return seen;
    }
    EXPECT_TRUE(input.empty());
  }
  return seen;
}

std::vector<Seen> Parse(std::string stream, std::size_t piece = 1 << 30,
                        std::size_t max_message_bytes = 1 << 20) {
  WebSocketParser parser(max_message_bytes);
  return ParseIn(parser, std::move(stream), [piece] { return piece; });
}

void ExpectFailure(const std::string& stream, std::uint16_t code) {
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1} << 30}) {
    const auto seen = Parse(stream, piece);
    ASSERT_FALSE(seen.empty());
    EXPECT_EQ(seen.back().event, Event::kFailed);
    EXPECT_EQ(seen.back().code, code) << seen.back().payload;
    EXPECT_FALSE(seen.back().payload.empty()) << "no reason is given";
  }
}

TEST(WebSocketFrameTest, HasTheShortestHeaderThatHoldsItsLength) {
  const auto header = [](std::size_t size) {
    const FramePtr frame = Frame::Text(std::string(size, 'x'));
    EXPECT_EQ(frame->payload(), std::string(size, 'x'));
    return std::string(frame->bytes().substr(0, frame->bytes().size() - size));
  };
  EXPECT_EQ(header(0), std::string("\x81\x00", 2));
  EXPECT_EQ(header(125), std::string("\x81\x7d", 2));
  EXPECT_EQ(header(126), std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(header(65535), std::string("\x81\x7e\xff\xff", 4));
  EXPECT_EQ(header(65536), std::string("\x81\x7f\0\0\0\0\0\1\0\0", 10));
}

TEST(WebSocketFrameTest, TakesAPayloadThatWasComposedInPlace) {
  EXPECT_EQ(Frame::TextInPlace(std::string(Frame::kHeadroom, '?') + "abc")->bytes(), "\x81\x03" "abc");
  EXPECT_EQ(Frame::TextInPlace("")->bytes(), std::string_view("\x81\x00", 2));
}

TEST(WebSocketFrameTest, KeepsControlFramesWithinTheirBounds) {
  EXPECT_EQ(Frame::Ping(std::string(200, 'p'))->bytes().size(), 127u);
  EXPECT_EQ(Frame::Close(1000, "bye")->bytes(), "\x88\x05\x03\xe8" "bye");
  EXPECT_EQ(Frame::Close(close_code::kNoStatus, "")->bytes(), std::string_view("\x88\x00", 2));
  std::string reason(122, 'r');
  reason += "\xc3\xa4";  // its second byte would be the 124th
  EXPECT_EQ(Frame::Close(1000, reason)->payload().substr(2), std::string(122, 'r'));
}

TEST(WebSocketParserTest, TellsPingsBetweenTheFragmentsOfAMessage) {
  const std::string stream = ClientFrame(0x01, "hel") + ClientFrame(0x89, "p") + ClientFrame(0x00, "") +
                             ClientFrame(0x8a, "q") + ClientFrame(0x80, "lo") + ClientFrame(0x82, "\xff") +
                             ClientFrame(0x88, "\x03\xe8" "done");
  const std::vector<Seen> expected = {{Event::kPing, "p"},      {Event::kPong, "q"},
                                      {Event::kText, "hello"},  {Event::kBinary, "\xff"},
                                      {Event::kClose, "done", 1000}};
  EXPECT_EQ(Parse(stream), expected);
  EXPECT_EQ(Parse(stream, 1), expected);
}

TEST(WebSocketParserTest, RefusesWhatTheProtocolForbids) {
  ExpectFailure(ClientFrame(0xc1, "rsv1"), 1002);
  ExpectFailure(ClientFrame(0x83, "opcode 3"), 1002);
  ExpectFailure(ClientFrame(0x8b, "opcode 11"), 1002);
  ExpectFailure(ClientFrame(0x09, "ping in fragments"), 1002);
  ExpectFailure(ClientFrame(0x89, std::string(126, 'p')), 1002);
  ExpectFailure(ClientFrame(0x80, "nothing to continue"), 1002);
  ExpectFailure(ClientFrame(0x01, "a") + ClientFrame(0x81, "b"), 1002);
  ExpectFailure(std::string("\x81\x02hi", 4), 1002);                             // not masked
  ExpectFailure(std::string("\x81\xfe\x00\x05\0\0\0\0hello", 13), 1002);         // 5 in two bytes
  ExpectFailure(std::string("\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14), 1002);  // 65535 in eight
  ExpectFailure(ClientFrame(0x88, "x"), 1002);
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
    ExpectFailure(ClientFrame(0x88, std::string{static_cast<char>(code >> 8), static_cast<char>(code)}), 1002);
  }
  ExpectFailure(ClientFrame(0x88, "\x03\xe8\xff"), 1007);
  ExpectFailure(ClientFrame(0x81, "\xc3"), 1007);  // ends inside a character
}

TEST(WebSocketParserTest, RefusesALongMessageWhenItIsAnnounced) {
  std::string header = ClientFrame(0x82, std::string(1001, 'x')).substr(0, 8);
  EXPECT_EQ(Parse(header, 1 << 30, 1000).back().code, 1009);
  EXPECT_EQ(Parse(ClientFrame(0x82, std::string(1000, 'x')), 1 << 30, 1000).back().event, Event::kBinary);
  // In sum, also when each fragment is short.
  EXPECT_EQ(Parse(ClientFrame(0x02, std::string(600, 'x')) + ClientFrame(0x80, std::string(401, 'x')), 7, 1000)
                .back()
                .code,
            1009);
  EXPECT_EQ(Parse(std::string("\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14)).back().code, 1009);
}

TEST(WebSocketParserTest, ReservesNothingForWhatIsOnlyAnnounced) {
  WebSocketParser parser(1 << 30);
  std::string header = std::string("\x82\xff\0\0\0\0\x3f\0\0\0\1\2\3\4", 14) + "some";
  std::span<char> input(header);
  EXPECT_EQ(parser.Next(input), Event::kNeedMore);
  EXPECT_LT(parser.buffered_bytes(), 1000u);
  EXPECT_TRUE(parser.in_message());
}

TEST(WebSocketParserTest, ObjectsToBadTextBeforeTheFrameIsComplete) {
  const std::string bad = ClientFrame(0x81, "fine until \xf4\x90 and much more");
  EXPECT_TRUE(Parse(bad.substr(0, 6 + 12)).empty());
  EXPECT_EQ(Parse(bad.substr(0, 6 + 13)).back().code, 1007);
}

TEST(WebSocketParserTest, UnmasksFromAnyOffset) {
  const std::string_view key("\x12\x34\x56\x78");
  for (std::size_t offset = 0; offset < 9; ++offset) {
    for (std::size_t size = 0; size < 40; ++size) {
      std::string bytes(size, 'm');
      std::string expected = bytes;
      for (std::size_t i = 0; i < size; ++i) {
        expected[i] = static_cast<char>(expected[i] ^ key[(offset + i) % 4]);
      }
      Unmask(bytes, 0x78563412, offset);
      EXPECT_EQ(bytes, expected) << offset << " " << size;
    }
  }
}

// --- UTF-8 ---------------------------------------------------------------------------------------

bool IsUtf8(std::string_view text) {
  Utf8Validator validator;
  return validator.Put(text) && validator.complete();
}

TEST(Utf8Test, TakesEveryCodePointAndNoSurrogate) {
  for (std::uint32_t c = 0; c < 0x110000; c += c < 0x11000 ? 1 : 61) {
    std::string text;
    if (c < 0x80) {
      text = {static_cast<char>(c)};
    } else if (c < 0x800) {
      text = {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
    } else if (c < 0x10000) {
      text = {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)),
              static_cast<char>(0x80 | (c & 0x3f))};
    } else {
      text = {static_cast<char>(0xf0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3f)),
              static_cast<char>(0x80 | (c >> 6 & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))};
    }
    ASSERT_EQ(IsUtf8(text), c < 0xd800 || c > 0xdfff) << std::hex << c;
  }
}

TEST(Utf8Test, ObjectsToWhatIsNoText) {
  for (const std::string_view bad : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
                                     "\xf4\x90\x80\x80", "\xf5", "\xfe", "\xff", "12345678\xff", "\xc3(",
                                     "\xe2\x82", "1234567\xf0\x90\x80"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
}

// --- Properties ----------------------------------------------------------------------------------

class WebSocketPropertyTest : public ::testing::TestWithParam<unsigned> {
 protected:
  std::mt19937 random_{GetParam()};

  std::size_t UpTo(std::size_t most) { return std::uniform_int_distribution<std::size_t>(0, most)(random_); }

  std::string RandomText(std::size_t characters) {
    static const std::vector<std::string> alphabet = {"a", "Z", " ", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x99\x82"};
    std::string text;
    for (std::size_t i = 0; i < characters; ++i) text += alphabet[UpTo(alphabet.size() - 1)];
    return text;
  }

  std::string RandomBytes(std::size_t size) {
    std::string bytes(size, '\0');
    for (char& c : bytes) c = static_cast<char>(random_());
    return bytes;
  }

  std::size_t RandomSize() {
    switch (UpTo(5)) {
      case 0:
        return UpTo(3);
      case 1:
        return 120 + UpTo(10);
      case 2:
        return 65530 + UpTo(10);
      default:
        return UpTo(400);
    }
  }
};

// Whatever the messages, however they are fragmented, whatever comes between the fragments and
// wherever the stream is cut: the same messages come out, in the same order.
TEST_P(WebSocketPropertyTest, MessagesSurviveAnyFragmentationAndAnyCut) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  std::string stream;
  std::vector<Seen> expected;
  for (int i = 0; i < 40; ++i) {
    const bool is_text = UpTo(1) == 0;
    const std::string message = is_text ? RandomText(RandomSize() / 3) : RandomBytes(RandomSize());
    const std::size_t fragments = 1 + UpTo(3);
    std::string_view rest = message;
    for (std::size_t f = 0; f < fragments; ++f) {
      const bool last = f + 1 == fragments;
      const std::string_view piece = rest.substr(0, last ? rest.size() : UpTo(rest.size()));
      rest.remove_prefix(piece.size());
      const std::uint8_t opcode = f > 0 ? 0 : is_text ? 1 : 2;
      stream += ClientFrame(static_cast<std::uint8_t>(opcode | (last ? 0x80 : 0)), piece,
                            static_cast<std::uint32_t>(random_()));
      if (UpTo(3) == 0) {
        const std::string ping = RandomBytes(UpTo(125));
        if (!last) {
          expected.push_back({Event::kPing, ping});
          stream += ClientFrame(0x89, ping, static_cast<std::uint32_t>(random_()));
        }
      }
    }
    expected.push_back({is_text ? Event::kText : Event::kBinary, message});
  }
  const std::size_t longest_cut = UpTo(1) == 0 ? 20 : 100'000;
  WebSocketParser parser(1 << 20);
  EXPECT_TRUE(ParseIn(parser, stream, [&] { return 1 + UpTo(longest_cut); }) == expected);
  EXPECT_FALSE(parser.in_message());
  std::string next = ClientFrame(0x81, "x");
  std::span<char> input(next);
  EXPECT_EQ(parser.Next(input), Event::kText);
  EXPECT_LE(parser.buffered_bytes(), 256u) << "a complete message leaves no buffer behind";
}

// Bytes of no protocol, and good streams with a few bytes changed: events or a failure with a code
// that may be sent, nothing else, and the same whatever the cut.
TEST_P(WebSocketPropertyTest, HostileBytesEndInEventsOrAFailure) {
  SCOPED_TRACE("seed " + std::to_string(GetParam()));
  for (int i = 0; i < 300; ++i) {
    std::string stream;
    if (UpTo(2) == 0) {
      stream = RandomBytes(UpTo(300));
    } else {
      for (int f = 0; f < 5; ++f) {
        const std::uint8_t firsts[] = {0x81, 0x82, 0x01, 0x00, 0x80, 0x88, 0x89, 0x8a};
        stream += ClientFrame(firsts[UpTo(7)], UpTo(1) == 0 ? RandomText(UpTo(60)) : RandomBytes(UpTo(130)));
      }
      for (std::size_t flips = UpTo(4); flips > 0; --flips) {
        stream[UpTo(stream.size() - 1)] = static_cast<char>(random_());
      }
    }
    const auto whole = Parse(stream, 1 << 30, 1000);
    for (const Seen& seen : whole) {
      EXPECT_LE(seen.payload.size(), 1000u);
      if (seen.event == Event::kFailed) {
        EXPECT_TRUE(seen.code == 1002 || seen.code == 1007 || seen.code == 1009) << seen.code;
      }
    }
    WebSocketParser parser(1000);
    ASSERT_EQ(ParseIn(parser, stream, [&] { return 1 + UpTo(9); }), whole);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, WebSocketPropertyTest, ::testing::Range(1u, 25u));

}  // namespace
}  // namespace kalam::net
