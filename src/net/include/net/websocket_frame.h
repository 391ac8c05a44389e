#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace kalam::net {

class Frame;
using FramePtr = std::shared_ptr<const Frame>;

// How a WebSocket ended, or shall end (RFC 6455, section 7.4). 3000-4999 are the application's.
namespace close_code {
inline constexpr std::uint16_t kNormal = 1000;
inline constexpr std::uint16_t kGoingAway = 1001;
inline constexpr std::uint16_t kProtocolError = 1002;
inline constexpr std::uint16_t kNoStatus = 1005;  // never sent: the close frame carried no code
inline constexpr std::uint16_t kAbnormal = 1006;  // never sent: the connection was lost
inline constexpr std::uint16_t kInvalidPayload = 1007;  // text that is not UTF-8
inline constexpr std::uint16_t kPolicyViolation = 1008;
inline constexpr std::uint16_t kMessageTooBig = 1009;
inline constexpr std::uint16_t kInternalError = 1011;
}  // namespace close_code

// One frame as it goes over the wire, server to client: header and payload in one buffer, encoded
// once. Servers don't mask, so the bytes are the same for every receiver and one frame serves all.
// Immutable; shared by any number of connections and threads.
class Frame {
 public:
  // Room for the longest header, before the payload.
  static constexpr std::size_t kHeadroom = 10;

  static FramePtr Text(std::string_view payload);  // UTF-8, which is the caller's to keep
  static FramePtr Binary(std::string_view payload);

  // The same without a copy, for a payload that is composed piece by piece: `buffer` is kHeadroom
  // bytes of anything, then the payload.
  static FramePtr TextInPlace(std::string buffer);

  // Control frames. A payload or reason that is too long (125 and 123 bytes) is cut, a reason never
  // inside a character. `code` 1005 makes a close frame without a code.
  static FramePtr Ping(std::string_view payload);
  static FramePtr Pong(std::string_view payload);
  static FramePtr Close(std::uint16_t code, std::string_view reason);

  std::string_view bytes() const { return std::string_view(buffer_).substr(begin_); }
  std::string_view payload() const { return std::string_view(buffer_).substr(kHeadroom); }

  Frame(std::uint8_t first_byte, std::string buffer);  // for the functions above

 private:
  const std::string buffer_;
  const std::size_t begin_;  // of the header, which ends where the payload begins
};

}  // namespace kalam::net
