#include "live_screen.h"

#include "interrupt.h"
#include "live_keyboard.h"
#include "text_width.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>

#include <sys/ioctl.h>
#include <unistd.h>

namespace kalam::cli {

namespace {

using Clock = std::chrono::steady_clock;
using Kind = ChangeEvent::Kind;

constexpr std::chrono::milliseconds kFrame{50};
// Without changes too: marks fade, windows are resized.
constexpr std::chrono::milliseconds kIdleFrame{250};
constexpr std::chrono::milliseconds kMarked{1'000};
constexpr int kEventsAtOnce = 5'000;

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kMark = "\x1b[7m";
constexpr std::string_view kReset = "\x1b[0m";

std::string_view TextOf(const LiveRows::Value& value) { return value.null ? std::string_view("NULL") : value.text; }

// The other screen of the terminal, without a cursor, as long as this lives.
class OtherScreen {
 public:
  OtherScreen() { Put("\x1b[?1049h\x1b[?25l"); }
  ~OtherScreen() { Put("\x1b[?25h\x1b[?1049l"); }
  OtherScreen(const OtherScreen&) = delete;
  OtherScreen& operator=(const OtherScreen&) = delete;

  // From the top left corner, without a flicker: each line replaces what was there.
  static void Draw(std::string_view text) {
    std::string frame = "\x1b[H";
    for (const char c : text) {
      if (c == '\n') frame += "\x1b[K";
      frame += c;
    }
    Put(frame + "\x1b[J");
  }

 private:
  static void Put(std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
  }
};

struct ScreenSize {
  std::size_t lines = 24;
  std::size_t cells = 80;
};

ScreenSize SizeOfScreen() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0 || size.ws_col == 0) return {};
  return {.lines = size.ws_row, .cells = size.ws_col};
}

// What happened to the connection, for the heading.
std::string StateAfter(const ChangeEvent& event, std::string state) {
  switch (event.kind) {
    case Kind::kConnectionLost:
      return "connection lost, connecting again";
    case Kind::kResync:
      return "reading everything anew";
    case Kind::kResumed:
    case Kind::kAck:
      return "live";
    case Kind::kInitialData:
      return event.more ? "reading" : "live";
    default:
      return state;
  }
}

class LiveTable {
 public:
  LiveTable(std::string sql, const OutputStyle& style) : sql_(std::move(sql)), style_(style) {}

  // Until it ends; the error that it ended with, if any.
  std::optional<Error> Run(Subscription& live, const Interrupt& interrupt) {
    const OtherScreen screen;
    const auto keyboard = LiveKeyboard::Open();  // so that what is typed is not echoed onto the table
    auto drawn = Clock::time_point();
    bool changed = true;
    while (!interrupt.happened()) {
      const auto now = Clock::now();
      if (now - drawn >= (changed ? kFrame : kIdleFrame)) {
        Draw(now);
        drawn = now;
        changed = false;
      }
      for (int i = 0; i < kEventsAtOnce; ++i) {
        const auto event = live.Next(i == 0 ? kFrame : std::chrono::milliseconds(0));
        if (!event) break;
        if (event->kind == Kind::kError) return event->error;
        state_ = StateAfter(*event, std::move(state_));
        rows_.Apply(*event, Clock::now());
        changed = true;
      }
      if (!live.is_active()) break;
    }
    return std::nullopt;
  }

 private:
  void Draw(LiveRows::Time now) {
    const ScreenSize size = SizeOfScreen();
    const std::string heading = sql_ + "  [" + state_ + ", Ctrl+C ends it]";
    OtherScreen::Draw(DrawLiveRows(rows_, heading, size.lines - 1, size.cells, style_.color, now));
  }

  const std::string sql_;
  const OutputStyle style_;
  std::string state_ = "connecting";
  LiveRows rows_;
};

void AppendRule(const std::vector<std::size_t>& widths, std::string_view left, std::string_view cross,
                std::string_view right, std::string* out) {
  for (std::size_t i = 0; i < widths.size(); ++i) {
    *out += i == 0 ? left : cross;
    for (std::size_t n = 0; n < widths[i] + 2; ++n) *out += "─";
  }
  *out += right;
  *out += "\n";
}

}  // namespace

std::string DrawLiveRows(const LiveRows& rows, const std::string& heading, std::size_t lines, std::size_t width,
                         bool color, LiveRows::Time now) {
  // Heading, three rules, the names, and the count are not rows.
  constexpr std::size_t kFixedLines = 6;
  const std::size_t room = lines > kFixedLines ? lines - kFixedLines : 0;
  const std::size_t shown = std::min(room, rows.rows().size());

  std::vector<std::size_t> widths;
  for (const std::string& column : rows.columns()) widths.push_back(ToDisplayText(column).width);
  std::size_t number = 0;
  for (const LiveRows::Entry& entry : rows.rows()) {
    if (number++ == shown) break;
    for (std::size_t i = 0; i < widths.size() && i < entry.size(); ++i) {
      widths[i] = std::max(widths[i], ToDisplayText(TextOf(entry[i])).width);
    }
  }
  FitColumns(width, &widths);

  std::string text;
  AppendShortened(heading, width, &text);
  text += "\n";
  const auto cell = [&](std::size_t i, std::string_view value, std::string_view mark) {
    text += "│ ";
    if (color || mark == kMark) text += mark;
    const std::size_t taken = AppendShortened(value, widths[i], &text);
    if ((color || mark == kMark) && !mark.empty()) text += kReset;
    text.append(widths[i] - taken + 1, ' ');
  };
  if (!widths.empty() && lines > kFixedLines) {
    AppendRule(widths, "┌", "┬", "┐", &text);
    for (std::size_t i = 0; i < widths.size(); ++i) cell(i, rows.columns()[i], kBold);
    text += "│\n";
    AppendRule(widths, "├", "┼", "┤", &text);
    number = 0;
    for (const LiveRows::Entry& entry : rows.rows()) {
      if (number++ == shown) break;
      for (std::size_t i = 0; i < widths.size(); ++i) {
        const LiveRows::Value& value = entry[i];
        const bool marked = value.changed != LiveRows::Time() && now - value.changed < kMarked;
        cell(i, TextOf(value), marked ? kMark : value.null ? kDim : std::string_view());
      }
      text += "│\n";
    }
    AppendRule(widths, "└", "┴", "┘", &text);
  }
  std::string count = "(" + std::to_string(rows.count()) + (rows.count() == 1 ? " row" : " rows");
  if (shown < rows.count()) count += ", the first " + std::to_string(shown) + " shown";
  count += ", " + std::to_string(rows.changes()) + (rows.changes() == 1 ? " change" : " changes") + ")";
  AppendShortened(count, width, &text);
  return text + "\n";
}

ExitCode ShowLiveTable(const Client& client, const std::string& sql, const OutputStyle& style, Printer& printer) {
  printer.Flush();
  if (isatty(STDOUT_FILENO) == 0) {
    const Error error = UsageError("--table needs a terminal; without it, changes are printed one by one");
    printer.PrintError(error);
    return ExitCodeOf(error);
  }
  const Interrupt interrupt(Interrupt::Signals::kCtrlCAndTerm);
  SubscribeOptions options;
  options.snapshot = true;
  auto live = client.Subscribe(sql, options);
  if (!live) {
    printer.PrintError(live.error());
    return ExitCodeOf(live.error());
  }
  const auto error = LiveTable(sql, style).Run(*live, interrupt);
  if (!error) return ExitCode::kOk;
  printer.PrintError(*error);
  return ExitCodeOf(*error);
}

}  // namespace kalam::cli
