#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "editor/frame.h"

namespace kalam::cli {

// The colours of a text while it is typed: those of the server's own tokens. One thread.
//
// A key costs what it changes: tokens end where they end whatever stands before them, so only those from shortly
// before the change up to the first that is as it was are looked at again.
class Highlighter {
 public:
  // Of the whole text; valid until the next call.
  const std::vector<StyledSpan>& Update(std::string_view text);

  // Tokens read by the last Update(), for tests.
  std::size_t tokens_read() const { return tokens_read_; }

 private:
  std::string text_;
  // Every token, plain ones too: they are the places to start again from.
  std::vector<StyledSpan> spans_;
  std::size_t tokens_read_ = 0;
};

// What a backslash command looks like.
extern const char* const kCommandStyle;

}  // namespace kalam::cli
