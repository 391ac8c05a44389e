#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "completion/completer.h"
#include "editor/frame.h"

namespace kalam::cli {

// The completions of a word in a list under the text, of which one may be chosen. One thread.
class CompletionMenu {
 public:
  explicit CompletionMenu(Completions completions) : completions_(std::move(completions)) {}

  // To the next or previous one; from the end to the start. The first call chooses the first or last.
  void Next();
  void Previous();
  // One row down or up, as far as there is one.
  void Down();
  void Up();

  const Completions& completions() const { return completions_; }
  // nullptr: none is chosen yet.
  const Completion* chosen() const { return chosen_ ? &completions_.items[*chosen_] : nullptr; }

  // The list in columns, at most `rows` of it around the chosen one. Every entry has its kind beside it, dim; the
  // chosen one is shown inverse, or marked with > where nothing may be styled.
  std::vector<FrameRow> Compose(std::size_t rows, std::size_t columns, bool color);

 private:
  Completions completions_;
  std::optional<std::size_t> chosen_;
  std::size_t per_row_ = 1;
  std::size_t top_ = 0;
};

// What all of them start with, ignoring case, as the first one writes it.
std::string CommonPrefix(const std::vector<Completion>& items);

}  // namespace kalam::cli
