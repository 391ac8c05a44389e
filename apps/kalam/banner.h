#pragma once

#include <string>

#include "editor/frame.h"

namespace kalam::cli {

struct BannerFacts {
  std::string url;
  std::string user;  // empty: the server decides
  std::string server_version;
};

// What an interactive session starts with. `terminal`: cursor movements are understood.
std::string BannerText(const BannerFacts& facts, bool color, bool terminal);

// `kalam> `, or on a colour terminal a label that also shows whether the server was reached last.
FrameRow PromptRow(bool color, bool online);

}  // namespace kalam::cli
