#include "editor/edit_buffer.h"

#include "editor/frame.h"

#include <algorithm>
#include <cctype>

namespace kalam::cli {

namespace {

// Enough to undo an hour of typing, and a paste of the largest statement once or twice.
constexpr std::size_t kMaxChanges = 1000;
constexpr std::size_t kMaxLogBytes = 32u << 20;

bool IsAscii(char c) { return static_cast<unsigned char>(c) < 0x80; }
bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\t'; }
// Bytes of other scripts count as letters, as they do in the lexer.
bool IsWordByte(char c) {
  return !IsAscii(c) || std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

}  // namespace

void EditBuffer::Reset() {
  text_.clear();
  cursor_ = 0;
  last_was_kill_ = false;
  goal_column_ = kNoGoal;
  log_.clear();
  log_bytes_ = 0;
}

void EditBuffer::Insert(std::string_view text) {
  const bool joins = !log_.empty() && log_.back().typed && log_.back().removed.empty() &&
                     log_.back().offset + log_.back().inserted.size() == cursor_ && !text.empty() &&
                     !IsBlank(text.front());
  if (!joins) {
    Replace(cursor_, cursor_, text);
    if (!log_.empty()) log_.back().typed = true;
    return;
  }
  text_.insert(cursor_, text);
  log_.back().inserted += text;
  log_bytes_ += text.size();
  cursor_ = ClusterStart(cursor_ + text.size());
  last_was_kill_ = false;
  goal_column_ = kNoGoal;
}

void EditBuffer::Replace(std::size_t begin, std::size_t end, std::string_view text) {
  last_was_kill_ = false;
  goal_column_ = kNoGoal;
  Log({begin, text_.substr(begin, end - begin), std::string(text), cursor_});
  text_.replace(begin, end - begin, text);
  cursor_ = ClusterStart(begin + text.size());
}

bool EditBuffer::Move(Motion motion) {
  last_was_kill_ = false;
  const bool vertical = motion == Motion::kLineUp || motion == Motion::kLineDown;
  if (!vertical) {
    goal_column_ = kNoGoal;
  } else if (goal_column_ == kNoGoal) {
    goal_column_ = ColumnOfCursor();
  }
  if (!log_.empty()) log_.back().typed = false;
  const std::size_t target = Target(motion);
  if (target == cursor_) return false;
  cursor_ = target;
  return true;
}

bool EditBuffer::Erase(Motion motion) {
  const std::size_t target = Target(motion);
  if (target == cursor_) return false;
  Replace(std::min(target, cursor_), std::max(target, cursor_), {});
  return true;
}

bool EditBuffer::Kill(Motion motion) {
  std::size_t target = Target(motion);
  // At the end of a line the line break goes, so that repeating takes the rest of the text.
  if (motion == Motion::kLineEnd && target == cursor_) target = ClusterAfter(cursor_);
  if (target == cursor_) return false;
  const std::size_t begin = std::min(target, cursor_);
  const std::size_t end = std::max(target, cursor_);
  const std::string text = text_.substr(begin, end - begin);
  if (!last_was_kill_) killed_.clear();
  if (target < cursor_) {
    killed_.insert(0, text);
  } else {
    killed_ += text;
  }
  Replace(begin, end, {});
  last_was_kill_ = true;
  return true;
}

bool EditBuffer::Yank() {
  if (killed_.empty()) return false;
  const std::string text = killed_;
  Replace(cursor_, cursor_, text);
  return true;
}

bool EditBuffer::Transpose() {
  const std::size_t line = LineStart(cursor_);
  std::size_t end = cursor_ == LineEnd(cursor_) ? cursor_ : ClusterAfter(cursor_);
  if (end == line) return false;
  const std::size_t middle = ClusterBefore(end);
  if (middle <= line) return false;
  const std::size_t begin = ClusterBefore(middle);
  Replace(begin, end, text_.substr(middle, end - middle) + text_.substr(begin, middle - begin));
  return true;
}

bool EditBuffer::Undo() {
  last_was_kill_ = false;
  goal_column_ = kNoGoal;
  if (log_.empty()) return false;
  const Change& change = log_.back();
  text_.replace(change.offset, change.inserted.size(), change.removed);
  cursor_ = change.cursor_before;
  log_bytes_ -= change.removed.size() + change.inserted.size();
  log_.pop_back();
  return true;
}

void EditBuffer::MoveTo(std::size_t offset) {
  last_was_kill_ = false;
  goal_column_ = kNoGoal;
  if (!log_.empty()) log_.back().typed = false;
  offset = std::min(offset, text_.size());
  if (offset == text_.size()) {
    cursor_ = offset;
    return;
  }
  const std::size_t boundary = ClusterStart(offset);
  cursor_ = boundary == offset ? offset : ClusterBefore(boundary);
}

void EditBuffer::Log(Change change) {
  if (change.removed.empty() && change.inserted.empty()) return;
  log_bytes_ += change.removed.size() + change.inserted.size();
  log_.push_back(std::move(change));
  while (log_.size() > kMaxChanges || (log_bytes_ > kMaxLogBytes && log_.size() > 1)) {
    log_bytes_ -= log_.front().removed.size() + log_.front().inserted.size();
    log_.erase(log_.begin());
  }
}

std::size_t EditBuffer::Target(Motion motion) const {
  std::size_t at = cursor_;
  switch (motion) {
    case Motion::kLeft:
      return ClusterBefore(at);
    case Motion::kRight:
      return ClusterAfter(at);
    case Motion::kWordLeft:
      while (at > 0 && !IsWordByte(text_[at - 1])) --at;
      while (at > 0 && IsWordByte(text_[at - 1])) --at;
      return ClusterStart(at);
    case Motion::kWordRight:
      while (at < text_.size() && !IsWordByte(text_[at])) ++at;
      while (at < text_.size() && IsWordByte(text_[at])) ++at;
      return at;
    case Motion::kBlankLeft:
      while (at > 0 && IsBlank(text_[at - 1])) --at;
      while (at > 0 && !IsBlank(text_[at - 1])) --at;
      return ClusterStart(at);
    case Motion::kLineStart:
      return LineStart(at);
    case Motion::kLineEnd:
      return LineEnd(at);
    case Motion::kLineUp: {
      const std::size_t start = LineStart(at);
      return start == 0 ? at : AtColumn(LineStart(start - 1), goal_column_);
    }
    case Motion::kLineDown: {
      const std::size_t end = LineEnd(at);
      return end == text_.size() ? at : AtColumn(end + 1, goal_column_);
    }
    case Motion::kTextStart:
      return 0;
    case Motion::kTextEnd:
      return text_.size();
  }
  return at;
}

// `offset` itself when a cluster starts there, else where the next one starts.
std::size_t EditBuffer::ClusterStart(std::size_t offset) const {
  if (offset == 0 || offset >= text_.size()) return std::min(offset, text_.size());
  // Between two ASCII characters there is always a border; look for one to begin with.
  std::size_t at = offset;
  while (at > 0 && !(IsAscii(text_[at]) && IsAscii(text_[at - 1]))) --at;
  while (at < offset) at += FirstEditCluster(std::string_view(text_).substr(at)).bytes;
  return at;
}

std::size_t EditBuffer::ClusterBefore(std::size_t offset) const {
  if (offset == 0) return 0;
  std::size_t at = offset - 1;
  while (at > 0 && !(IsAscii(text_[at]) && IsAscii(text_[at - 1]))) --at;
  std::size_t previous = at;
  while (at < offset) {
    previous = at;
    at += FirstEditCluster(std::string_view(text_).substr(at)).bytes;
  }
  return previous;
}

std::size_t EditBuffer::ClusterAfter(std::size_t offset) const {
  return offset + FirstEditCluster(std::string_view(text_).substr(offset)).bytes;
}

std::size_t EditBuffer::LineStart(std::size_t offset) const {
  const std::size_t line_break = offset == 0 ? std::string::npos : text_.rfind('\n', offset - 1);
  return line_break == std::string::npos ? 0 : line_break + 1;
}

std::size_t EditBuffer::LineEnd(std::size_t offset) const {
  return std::min(text_.find('\n', offset), text_.size());
}

std::size_t EditBuffer::AtColumn(std::size_t start, std::size_t column) const {
  const std::size_t end = LineEnd(start);
  std::size_t at = start;
  for (std::size_t cells = 0; at < end;) {
    const Cluster cluster = FirstEditCluster(std::string_view(text_).substr(at, end - at));
    cells += cluster.width;
    if (cells > column) break;
    at += cluster.bytes;
  }
  return at;
}

std::size_t EditBuffer::ColumnOfCursor() const {
  const std::size_t start = LineStart(cursor_);
  std::size_t cells = 0;
  for (std::size_t at = start; at < cursor_;) {
    const Cluster cluster = FirstEditCluster(std::string_view(text_).substr(at, cursor_ - at));
    cells += cluster.width;
    at += cluster.bytes;
  }
  return cells;
}

}  // namespace kalam::cli
