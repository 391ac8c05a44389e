#pragma once

#include "utf8.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kalam::net {

// Reads what a client sends: masked frames, cut anywhere, into messages. Holds no buffer but for a
// message that is not complete yet; a message that arrives in one piece is not copied at all.
//
//   parser.Next(input) until it says kNeedMore; then again with the next bytes of the stream.
//
// Text is checked as it arrives, so that a bad byte is told at once, not at the message's end. What
// a client announces costs nothing: memory grows with what has come.
class WebSocketParser {
 public:
  enum class Event { kNeedMore, kText, kBinary, kPing, kPong, kClose, kFailed };

  explicit WebSocketParser(std::size_t max_message_bytes) : max_message_bytes_(max_message_bytes) {}

  // Takes bytes off the front of `input`, unmasking them where they lie, up to the next event.
  // After kClose and kFailed the stream is over; the parser must not be asked again.
  Event Next(std::span<char>& input);

  // The message, or what a ping or pong carried. Valid until the next call, and while the bytes
  // that were put in are.
  std::string_view payload() const { return payload_; }

  // After kClose the peer's code and reason (1005 without one); after kFailed those to close with.
  std::uint16_t close_code() const { return close_code_; }
  std::string_view close_reason() const { return payload_; }

  // A message or a frame has begun and not ended.
  bool in_message() const { return in_message_ || header_size_ > 0 || in_payload_; }
  std::size_t buffered_bytes() const { return message_.capacity(); }

 private:
  bool ReadHeader(std::span<char>& input);
  bool TakeHeader(std::span<char>& input, std::size_t wanted);
  bool CheckHeader();
  Event ReadPayload(std::span<char>& input);
  Event EndOfFrame(std::span<char> last_piece);
  Event EndOfMessage(std::span<char> last_piece);
  Event EndOfControlFrame();
  Event EndOfClose();
  Event Fail(std::uint16_t code, std::string_view reason);

  bool is_control() const;
  bool is_final() const;
  std::uint8_t opcode() const { return static_cast<std::uint8_t>(header_[0] & 0x0f); }

  const std::size_t max_message_bytes_;

  std::array<char, 14> header_{};
  std::uint8_t header_size_ = 0;  // bytes of the header that have come
  bool in_payload_ = false;       // the header is complete and the payload is not
  bool failed_ = false;
  bool in_message_ = false;  // a data frame without the final bit has come
  bool is_text_ = false;
  std::uint32_t mask_ = 0;  // as it lies in memory
  std::uint16_t close_code_ = 0;
  std::uint8_t control_size_ = 0;
  std::uint64_t frame_left_ = 0;  // payload bytes of this frame that have not come
  std::size_t frame_read_ = 0;    // and those that have

  Utf8Validator utf8_;
  std::string message_;  // the pieces of a message that came in more than one
  bool message_given_ = false;
  std::string_view payload_;
  std::array<char, 125> control_;
};

// Applies a client's mask, `offset` bytes into the frame. Eight bytes at a time; exposed for tests.
void Unmask(std::span<char> bytes, std::uint32_t mask, std::size_t offset);

// A code that a peer may put into a close frame.
bool IsValidCloseCode(std::uint16_t code);

}  // namespace kalam::net
