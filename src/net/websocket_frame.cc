#include "net/websocket_frame.h"

#include "websocket_protocol.h"

#include <utility>

namespace kalam::net {
namespace {

constexpr std::size_t HeaderBytes(std::size_t payload) {
  return payload < 126 ? 2 : payload <= 0xffff ? 4 : 10;
}

FramePtr Make(Opcode opcode, std::string buffer) {
  const auto first = static_cast<std::uint8_t>(kFinalFragment | static_cast<std::uint8_t>(opcode));
  return std::make_shared<const Frame>(first, std::move(buffer));
}

FramePtr Copy(Opcode opcode, std::string_view payload) {
  std::string buffer;
  buffer.reserve(Frame::kHeadroom + payload.size());
  buffer.append(Frame::kHeadroom, '\0').append(payload);
  return Make(opcode, std::move(buffer));
}

std::string_view CutAtCharacter(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  while (end > 0 && (static_cast<std::uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end);
}

// Writes the header so that it ends where the payload begins:
//
//   1 byte  final bit, opcode
//   1 byte  length below 126, or 126, or 127        (the mask bit stays 0: servers don't mask)
//   0, 2 or 8 bytes  length, big-endian
std::string WithHeader(std::uint8_t first_byte, std::string buffer) {
  const std::size_t payload = buffer.size() - Frame::kHeadroom;
  const std::size_t size = HeaderBytes(payload);
  char* const header = buffer.data() + Frame::kHeadroom - size;
  header[0] = static_cast<char>(first_byte);
  header[1] = static_cast<char>(size == 2 ? payload : size == 4 ? 126 : 127);
  for (std::size_t i = size; i > 2; --i) {
    header[i - 1] = static_cast<char>((payload >> (8 * (size - i))) & 0xff);
  }
  return buffer;
}

}  // namespace

Frame::Frame(std::uint8_t first_byte, std::string buffer)
    : buffer_(WithHeader(first_byte, std::move(buffer))),
      begin_(kHeadroom - HeaderBytes(buffer_.size() - kHeadroom)) {}

FramePtr Frame::Text(std::string_view payload) { return Copy(Opcode::kText, payload); }
FramePtr Frame::Binary(std::string_view payload) { return Copy(Opcode::kBinary, payload); }

FramePtr Frame::TextInPlace(std::string buffer) {
  if (buffer.size() < kHeadroom) buffer.resize(kHeadroom);
  return Make(Opcode::kText, std::move(buffer));
}

FramePtr Frame::Ping(std::string_view payload) {
  return Copy(Opcode::kPing, payload.substr(0, kMaxControlBytes));
}

FramePtr Frame::Pong(std::string_view payload) {
  return Copy(Opcode::kPong, payload.substr(0, kMaxControlBytes));
}

FramePtr Frame::Close(std::uint16_t code, std::string_view reason) {
  if (code == close_code::kNoStatus) return Copy(Opcode::kClose, {});
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  payload.append(CutAtCharacter(reason, kMaxControlBytes - payload.size()));
  return Copy(Opcode::kClose, payload);
}

}  // namespace kalam::net
