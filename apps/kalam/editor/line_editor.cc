#include "editor/line_editor.h"

#include "sql/script.h"

#include <algorithm>
#include <utility>

namespace kalam::cli {

namespace {

constexpr std::size_t kMenuRows = 10;
constexpr std::string_view kContinuation = "    -> ";

FrameRow PlainRow(std::string_view text) {
  FrameRow row;
  row.width = AppendDisplayText(text, &row.bytes);
  return row;
}

}  // namespace

bool IsCompleteInput(std::string_view text) {
  if (text.starts_with('\\')) return true;
  const sql::Script script = sql::SplitScript(text);
  return script.rest.empty() && script.open == sql::OpenEnd::kNone;
}

void LineEditor::Start(FrameRow prompt) {
  prompt_ = std::move(prompt);
  buffer_.Reset();
  top_ = 0;
  walk_.reset();
  search_.reset();
  menu_.reset();
}

LineEditor::Outcome LineEditor::Press(const Key& key) {
  if (search_) {
    bool handled = false;
    const Outcome outcome = PressInSearch(key, &handled);
    if (handled) return outcome;
  }
  if (menu_ && PressInMenu(key)) return Outcome::kGoOn;
  // While there is a list, it follows what is typed.
  const bool typed = key.code == KeyCode::kBackspace || (key.code == KeyCode::kText && !key.ctrl && !key.alt);
  const bool refresh = std::exchange(menu_, std::nullopt).has_value() && typed;
  const Outcome outcome = PressPlain(key);
  if (refresh) {
    Completions found = complete_(buffer_.text(), buffer_.cursor());
    if (found.begin < found.end && !found.items.empty()) menu_.emplace(std::move(found));
  }
  return outcome;
}

LineEditor::Outcome LineEditor::PressPlain(const Key& key) {
  if (key.code != KeyCode::kUp && key.code != KeyCode::kDown && !key.IsCtrl('p') && !key.IsCtrl('n')) {
    EndHistoryWalk();
  }
  const bool by_word = key.ctrl || key.alt;
  switch (key.code) {
    case KeyCode::kText:
      if (key.ctrl) return PressControl(key.text.front());
      if (key.alt) {
        PressAlt(key.text.front());
      } else {
        buffer_.Insert(key.text);
      }
      break;
    case KeyCode::kPaste:
      buffer_.Replace(buffer_.cursor(), buffer_.cursor(), key.text);
      break;
    case KeyCode::kEnter:
      if (!key.alt) return PressEnter();
      buffer_.Insert("\n");
      break;
    case KeyCode::kBackspace:
      key.alt ? buffer_.Kill(Motion::kWordLeft) : buffer_.Erase(Motion::kLeft);
      break;
    case KeyCode::kDelete:
      by_word ? buffer_.Kill(Motion::kWordRight) : buffer_.Erase(Motion::kRight);
      break;
    case KeyCode::kLeft:
      buffer_.Move(by_word ? Motion::kWordLeft : Motion::kLeft);
      break;
    case KeyCode::kRight:
      if (!TakeSuggestion()) buffer_.Move(by_word ? Motion::kWordRight : Motion::kRight);
      break;
    case KeyCode::kUp:
      Older();
      break;
    case KeyCode::kDown:
      Newer();
      break;
    case KeyCode::kHome:
      buffer_.Move(key.ctrl ? Motion::kTextStart : Motion::kLineStart);
      break;
    case KeyCode::kEnd:
      if (!TakeSuggestion()) buffer_.Move(key.ctrl ? Motion::kTextEnd : Motion::kLineEnd);
      break;
    case KeyCode::kPageUp:
      buffer_.Move(Motion::kTextStart);
      break;
    case KeyCode::kPageDown:
      buffer_.Move(Motion::kTextEnd);
      break;
    case KeyCode::kTab:
      StartCompletion();
      break;
    case KeyCode::kBackTab:
    case KeyCode::kEscape:
      break;
  }
  return Outcome::kGoOn;
}

LineEditor::Outcome LineEditor::PressControl(char letter) {
  switch (letter) {
    case 'a': buffer_.Move(Motion::kLineStart); break;
    case 'b': buffer_.Move(Motion::kLeft); break;
    case 'c': return Outcome::kCancelled;
    case 'd':
      if (buffer_.empty()) return Outcome::kEnd;
      buffer_.Erase(Motion::kRight);
      break;
    case 'e':
      if (!TakeSuggestion()) buffer_.Move(Motion::kLineEnd);
      break;
    case 'f':
      if (!TakeSuggestion()) buffer_.Move(Motion::kRight);
      break;
    case 'k': buffer_.Kill(Motion::kLineEnd); break;
    case 'l': return Outcome::kClear;
    case 'n': Newer(); break;
    case 'p': Older(); break;
    case 'r': search_ = Search{.draft = buffer_.text()}; break;
    case 't': buffer_.Transpose(); break;
    case 'u': buffer_.Kill(Motion::kLineStart); break;
    case 'w': buffer_.Kill(Motion::kBlankLeft); break;
    case 'y': buffer_.Yank(); break;
    case 'z': return Outcome::kSuspend;
    case '_': buffer_.Undo(); break;
    default: break;
  }
  return Outcome::kGoOn;
}

void LineEditor::PressAlt(char letter) {
  switch (letter) {
    case 'b': buffer_.Move(Motion::kWordLeft); break;
    case 'f': buffer_.Move(Motion::kWordRight); break;
    case 'd': buffer_.Kill(Motion::kWordRight); break;
    case '<': buffer_.Move(Motion::kTextStart); break;
    case '>': buffer_.Move(Motion::kTextEnd); break;
    default: break;
  }
}

LineEditor::Outcome LineEditor::PressEnter() {
  if (!IsCompleteInput(buffer_.text())) {
    buffer_.Insert("\n");
    return Outcome::kGoOn;
  }
  history_.Add(buffer_.text());
  return Outcome::kAccepted;
}

bool LineEditor::PressInMenu(const Key& key) {
  switch (key.code) {
    case KeyCode::kTab:
    case KeyCode::kRight:
      menu_->Next();
      return true;
    case KeyCode::kBackTab:
    case KeyCode::kLeft:
      menu_->Previous();
      return true;
    case KeyCode::kDown:
      menu_->Down();
      return true;
    case KeyCode::kUp:
      menu_->Up();
      return true;
    case KeyCode::kEscape:
      menu_.reset();
      return true;
    case KeyCode::kEnter:
      if (menu_->chosen() == nullptr) return false;
      TakeCompletion(std::string(menu_->chosen()->text));
      return true;
    default:
      return false;
  }
}

// One completion is taken; of several, what they have in common, and a list shows them.
void LineEditor::StartCompletion() {
  if (!complete_) return;
  Completions found = complete_(buffer_.text(), buffer_.cursor());
  if (found.items.empty()) return;
  if (found.items.size() == 1 && !found.more) {
    buffer_.Replace(found.begin, found.end, found.items.front().text);
    return;
  }
  const std::string common = CommonPrefix(found.items);
  if (!found.more && common.size() > found.end - found.begin) {
    buffer_.Replace(found.begin, found.end, common);
    found.end = buffer_.cursor();
  }
  menu_.emplace(std::move(found));
}

void LineEditor::TakeCompletion(std::string_view text) {
  const std::size_t begin = menu_->completions().begin;
  const std::size_t end = menu_->completions().end;
  menu_.reset();
  buffer_.Replace(begin, end, text);
}

void LineEditor::Older() {
  if (!walk_ && buffer_.Move(Motion::kLineUp)) return;
  if (!walk_) {
    if (!buffer_.OnFirstLine()) return;
    walk_ = Walk{.place = history_.entries().size(), .draft = buffer_.text()};
  }
  const auto found = history_.FindOlder(walk_->draft, walk_->place, buffer_.text());
  if (!found) return;
  walk_->place = *found;
  buffer_.SetText(history_.entries()[*found]);
}

void LineEditor::Newer() {
  if (!walk_) {
    buffer_.Move(Motion::kLineDown);
    return;
  }
  if (const auto found = history_.FindNewer(walk_->draft, walk_->place, buffer_.text())) {
    walk_->place = *found;
    buffer_.SetText(history_.entries()[*found]);
  } else {
    buffer_.SetText(walk_->draft);
    EndHistoryWalk();
  }
}

LineEditor::Outcome LineEditor::PressInSearch(const Key& key, bool* handled) {
  *handled = true;
  if (key.code == KeyCode::kText && !key.ctrl && !key.alt) {
    search_->part += key.text;
    FindInHistory(search_->place ? *search_->place + 1 : history_.entries().size());
  } else if (key.code == KeyCode::kBackspace) {
    EditBuffer part;
    part.Insert(search_->part);
    part.Erase(Motion::kLeft);
    search_->part = part.text();
    FindInHistory(history_.entries().size());
  } else if (key.IsCtrl('r')) {
    FindInHistory(search_->place.value_or(history_.entries().size()));
  } else if (key.IsCtrl('c') || key.IsCtrl('g')) {
    buffer_.SetText(search_->draft);
    search_.reset();
  } else {
    // Every other key ends the search and means what it always does; Escape just ends it.
    search_.reset();
    *handled = key.code == KeyCode::kEscape;
  }
  return Outcome::kGoOn;
}

void LineEditor::FindInHistory(std::size_t before) {
  if (search_->part.empty()) {
    search_->place.reset();
    search_->failed = false;
    return;
  }
  const auto found = history_.FindContaining(search_->part, before);
  search_->failed = !found;
  if (!found) return;
  search_->place = found;
  const std::string& entry = history_.entries()[*found];
  buffer_.SetText(entry);
  buffer_.MoveTo(entry.find(search_->part));
}

std::string_view LineEditor::Suggestion() const {
  if (!color_ || search_ || walk_ || menu_ || buffer_.empty() || !buffer_.at_end()) return {};
  const auto found = history_.FindOlder(buffer_.text(), history_.entries().size(), buffer_.text());
  if (!found) return {};
  return std::string_view(history_.entries()[*found]).substr(buffer_.text().size());
}

bool LineEditor::TakeSuggestion() {
  const std::string rest(Suggestion());
  if (rest.empty()) return false;
  buffer_.Replace(buffer_.cursor(), buffer_.cursor(), rest);
  return true;
}

Frame LineEditor::Compose(TerminalSize size) { return ComposeView(size, false); }

Frame LineEditor::ComposeEnd(TerminalSize size) { return ComposeView(size, true); }

Frame LineEditor::ComposeView(TerminalSize size, bool at_end) {
  View view;
  view.prompt = prompt_;
  if (search_ && !at_end) {
    const std::string name = search_->failed ? "(failed search)" : "(search)";
    view.prompt = PlainRow(name + "'" + search_->part + "': ");
    // What is found matters more than what was looked for.
    if (view.prompt.width + kContinuation.size() > size.columns) view.prompt = PlainRow("(search): ");
  }
  view.continuation = PlainRow(kContinuation);
  view.text = buffer_.text();
  view.cursor = at_end ? buffer_.text().size() : buffer_.cursor();
  if (color_) view.spans = &highlighter_.Update(buffer_.text());
  if (!at_end) view.suggestion = Suggestion();
  if (!at_end && menu_) view.below = menu_->Compose(std::min(kMenuRows, size.rows / 2 + 1), size.columns, color_);
  return ComposeFrame(view, size, &top_);
}

}  // namespace kalam::cli
