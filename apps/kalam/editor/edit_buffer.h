#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cli {

// Where a movement goes, or what a deletion takes away: everything up to there.
enum class Motion {
  kLeft,
  kRight,
  kWordLeft,   // to the start of a word: letters, digits and _
  kWordRight,  // to the end of a word
  kBlankLeft,  // to behind the blank before
  kLineStart,
  kLineEnd,
  kLineUp,
  kLineDown,
  kTextStart,
  kTextEnd,
};

// The text being typed: UTF-8 of any number of lines, and a cursor that always stands between grapheme
// clusters, so that nobody deletes half an emoji. One thread.
//
// Every change can be undone, typing word by word; what is undone is not kept. The log is bounded: the
// oldest changes become final.
class EditBuffer {
 public:
  const std::string& text() const { return text_; }
  std::size_t cursor() const { return cursor_; }  // in bytes
  bool empty() const { return text_.empty(); }
  bool at_end() const { return cursor_ == text_.size(); }

  // Starts anew: nothing of before can be undone or is remembered, except what was killed.
  void Reset();

  // `text` is valid UTF-8. The cursor goes behind it.
  void Insert(std::string_view text);
  void Replace(std::size_t begin, std::size_t end, std::string_view text);
  void SetText(std::string_view text) { Replace(0, text_.size(), text); }

  // False when there is nothing in that direction.
  bool Move(Motion motion);
  bool Erase(Motion motion);
  // Erase, and keep for Yank(). Kills that follow each other gather their text.
  bool Kill(Motion motion);
  bool Yank();
  // Exchanges the clusters around the cursor.
  bool Transpose();
  bool Undo();

  // To the start of the cluster that holds this byte.
  void MoveTo(std::size_t offset);
  bool OnFirstLine() const { return text_.rfind('\n', cursor_ == 0 ? 0 : cursor_ - 1) >= cursor_; }
  bool OnLastLine() const { return text_.find('\n', cursor_) == std::string::npos; }

 private:
  struct Change {
    std::size_t offset = 0;
    std::string removed;
    std::string inserted;
    std::size_t cursor_before = 0;
    bool typed = false;  // more typing may join it
  };

  std::size_t Target(Motion motion) const;
  std::size_t ClusterStart(std::size_t offset) const;
  std::size_t ClusterBefore(std::size_t offset) const;
  std::size_t ClusterAfter(std::size_t offset) const;
  std::size_t LineStart(std::size_t offset) const;
  std::size_t LineEnd(std::size_t offset) const;
  // The place in the line from `start` on that lies `column` cells from it, or the line's end.
  std::size_t AtColumn(std::size_t start, std::size_t column) const;
  std::size_t ColumnOfCursor() const;
  void Log(Change change);

  std::string text_;
  std::size_t cursor_ = 0;
  std::string killed_;
  bool last_was_kill_ = false;
  // Cells from the start of the line that kLineUp and kLineDown aim at; none after other movements.
  std::size_t goal_column_ = kNoGoal;
  static constexpr std::size_t kNoGoal = static_cast<std::size_t>(-1);
  std::vector<Change> log_;
  std::size_t log_bytes_ = 0;
};

}  // namespace kalam::cli
