#pragma once

#include <string>
#include <utility>

#include "net/websocket_frame.h"

namespace kalam::live {

// A frame whose payload `append(std::string&)` writes in place.
template <typename Append>
net::FramePtr MakeFrame(Append append) {
  std::string buffer(net::Frame::kHeadroom, '\0');
  append(buffer);
  return net::Frame::TextInPlace(std::move(buffer));
}

}  // namespace kalam::live
