#include "websocket_parser.h"

#include "net/websocket_frame.h"
#include "websocket_protocol.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace kalam::net {
namespace {

static_assert(std::endian::native == std::endian::little, "masks are rotated as little-endian");

// Up to here the buffer of a message in pieces is kept for the next; clients that fragment do so
// again, but an idle connection should hold little.
constexpr std::size_t kKeptMessageBytes = 256;

std::uint64_t BigEndian(const char* bytes, std::size_t size) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < size; ++i) {
    number = number << 8 | static_cast<std::uint8_t>(bytes[i]);
  }
  return number;
}

std::string_view View(std::span<char> bytes) { return {bytes.data(), bytes.size()}; }

bool IsKnown(std::uint8_t opcode) {
  switch (static_cast<Opcode>(opcode)) {
    case Opcode::kContinuation:
    case Opcode::kText:
    case Opcode::kBinary:
    case Opcode::kClose:
    case Opcode::kPing:
    case Opcode::kPong:
      return true;
  }
  return false;
}

}  // namespace

void Unmask(std::span<char> bytes, std::uint32_t mask, std::size_t offset) {
  const auto turned = std::rotr(mask, static_cast<int>(offset % 4 * 8));
  const std::uint64_t wide = std::uint64_t{turned} << 32 | turned;
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    word ^= wide;
    std::memcpy(bytes.data() + i, &word, sizeof word);
  }
  for (; i < bytes.size(); ++i) {
    bytes[i] = static_cast<char>(bytes[i] ^ static_cast<char>(wide >> (i % 8 * 8)));
  }
}

bool IsValidCloseCode(std::uint16_t code) {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != close_code::kNoStatus &&
         code != close_code::kAbnormal;
}

bool WebSocketParser::is_control() const { return (header_[0] & kControlBit) != 0; }
bool WebSocketParser::is_final() const { return (header_[0] & kFinalFragment) != 0; }

WebSocketParser::Event WebSocketParser::Next(std::span<char>& input) {
  if (message_given_) {
    message_given_ = false;
    message_.clear();
    if (message_.capacity() > kKeptMessageBytes) std::string().swap(message_);
  }
  payload_ = {};
  while (!failed_) {
    if (!in_payload_ && !ReadHeader(input)) break;
    const Event event = ReadPayload(input);
    if (event != Event::kNeedMore || in_payload_) return event;
  }
  return failed_ ? Event::kFailed : Event::kNeedMore;
}

// Collects the header's bytes:
//
//   final bit, three reserved bits, opcode | mask bit, length | 0, 2 or 8 bytes of length | mask
//
// False if more must come first, or the header is refused.
bool WebSocketParser::ReadHeader(std::span<char>& input) {
  if (header_size_ < 2 && (!TakeHeader(input, 2) || !CheckHeader())) return false;
  const auto length = static_cast<std::uint8_t>(header_[1] & 0x7f);
  const std::size_t length_bytes = length < 126 ? 0 : length == 126 ? 2 : 8;
  if (!TakeHeader(input, 2 + length_bytes + sizeof mask_)) return false;

  frame_left_ = length_bytes == 0 ? length : BigEndian(&header_[2], length_bytes);
  if (length_bytes > 0 && frame_left_ < (length_bytes == 2 ? 126u : 0x10000u)) {
    Fail(close_code::kProtocolError, "a frame's length is not in its shortest form");
    return false;
  }
  const std::size_t room = max_message_bytes_ - std::min(message_.size(), max_message_bytes_);
  if (!is_control() && frame_left_ > room) {
    Fail(close_code::kMessageTooBig, "the message is larger than " +
                                         std::to_string(max_message_bytes_) +
                                         " bytes (limits.max_ws_message_size)");
    return false;
  }
  std::memcpy(&mask_, &header_[2 + length_bytes], sizeof mask_);
  header_size_ = 0;
  frame_read_ = 0;
  control_size_ = 0;
  in_payload_ = true;
  return true;
}

bool WebSocketParser::TakeHeader(std::span<char>& input, std::size_t wanted) {
  const std::size_t taken = std::min(wanted - header_size_, input.size());
  std::copy_n(input.begin(), taken, header_.begin() + header_size_);
  header_size_ = static_cast<std::uint8_t>(header_size_ + taken);
  input = input.subspan(taken);
  return header_size_ == wanted;
}

// What the first two bytes can be wrong about.
bool WebSocketParser::CheckHeader() {
  const auto refuse = [this](std::string_view why) {
    Fail(close_code::kProtocolError, why);
    return false;
  };
  if ((header_[0] & kReservedBits) != 0) return refuse("a reserved bit is set");
  if (!IsKnown(opcode())) return refuse("unknown opcode");
  if ((header_[1] & kMaskBit) == 0) return refuse("a client's frames must be masked");
  if (is_control()) {
    if (!is_final()) return refuse("a control frame is fragmented");
    if ((header_[1] & 0x7f) > kMaxControlBytes) return refuse("a control frame is longer than 125 bytes");
    return true;
  }
  const bool continues = opcode() == static_cast<std::uint8_t>(Opcode::kContinuation);
  if (continues && !in_message_) return refuse("there is no message to continue");
  if (!continues && in_message_) return refuse("a message began before the last one ended");
  if (!continues) {
    is_text_ = opcode() == static_cast<std::uint8_t>(Opcode::kText);
    in_message_ = true;
    utf8_.Reset();
  }
  return true;
}

WebSocketParser::Event WebSocketParser::ReadPayload(std::span<char>& input) {
  const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(frame_left_, input.size()));
  const std::span<char> piece = input.first(size);
  input = input.subspan(size);
  Unmask(piece, mask_, frame_read_);
  frame_read_ += size;
  frame_left_ -= size;

  if (is_control()) {
    std::copy(piece.begin(), piece.end(), control_.begin() + control_size_);
    control_size_ = static_cast<std::uint8_t>(control_size_ + size);
  } else if (is_text_ && !utf8_.Put(View(piece))) {
    return Fail(close_code::kInvalidPayload, "the text is not valid UTF-8");
  }
  if (frame_left_ > 0) {
    if (!is_control()) message_.append(View(piece));
    return Event::kNeedMore;
  }
  return EndOfFrame(piece);
}

WebSocketParser::Event WebSocketParser::EndOfFrame(std::span<char> last_piece) {
  in_payload_ = false;
  if (is_control()) return EndOfControlFrame();
  if (is_final()) return EndOfMessage(last_piece);
  message_.append(View(last_piece));
  return Event::kNeedMore;
}

WebSocketParser::Event WebSocketParser::EndOfMessage(std::span<char> last_piece) {
  if (is_text_ && !utf8_.complete()) {
    return Fail(close_code::kInvalidPayload, "the text ends inside a character");
  }
  in_message_ = false;
  if (message_.empty()) {
    payload_ = View(last_piece);
  } else {
    message_.append(View(last_piece));
    message_given_ = true;
    payload_ = message_;
  }
  return is_text_ ? Event::kText : Event::kBinary;
}

WebSocketParser::Event WebSocketParser::EndOfControlFrame() {
  payload_ = {control_.data(), control_size_};
  switch (static_cast<Opcode>(opcode())) {
    case Opcode::kPing:
      return Event::kPing;
    case Opcode::kPong:
      return Event::kPong;
    default:
      return EndOfClose();
  }
}

WebSocketParser::Event WebSocketParser::EndOfClose() {
  if (payload_.empty()) {
    close_code_ = close_code::kNoStatus;
    return Event::kClose;
  }
  if (payload_.size() == 1) {
    return Fail(close_code::kProtocolError, "a close frame has half a code");
  }
  close_code_ = static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload_[0]) << 8 |
                                           static_cast<std::uint8_t>(payload_[1]));
  payload_.remove_prefix(2);
  if (!IsValidCloseCode(close_code_)) {
    return Fail(close_code::kProtocolError, "a close frame has a code that is not to be sent");
  }
  Utf8Validator reason;
  if (!reason.Put(payload_) || !reason.complete()) {
    return Fail(close_code::kInvalidPayload, "the reason of a close frame is not valid UTF-8");
  }
  return Event::kClose;
}

WebSocketParser::Event WebSocketParser::Fail(std::uint16_t code, std::string_view reason) {
  failed_ = true;
  close_code_ = code;
  message_.assign(reason);
  payload_ = message_;
  return Event::kFailed;
}

}  // namespace kalam::net
