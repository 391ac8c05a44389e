#include "live_view.h"

#include "interrupt.h"
#include "live_keyboard.h"
#include "live_lines.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <utility>

#include <poll.h>
#include <simdjson.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace kalam::cli {

namespace {

using Kind = ChangeEvent::Kind;

// Events shown before keys and Ctrl+C are looked at again.
constexpr int kEventsAtOnce = 2'000;
// While paused, the number of waiting changes is drawn anew so often.
constexpr int kPausedRedrawMs = 250;

constexpr std::string_view kHelp =
    "  \\pause        hold the display; changes wait, none is lost\n"
    "  \\continue     show what came meanwhile, and go on\n"
    "  \\unsubscribe  end the subscription (also Ctrl+C or Ctrl+D)\n"
    "  \\quit         leave kalam\n";

// An eventfd that the subscription's thread rings. Shared with the callback, which may outlast the display.
class Bell {
 public:
  Bell() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  ~Bell() { close(event_); }
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void Ring() const {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(event_, &one, sizeof(one));
  }
  void Clear() const {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto got = read(event_, &count, sizeof(count));
  }
  int fd() const { return event_; }

 private:
  const int event_;
};

bool IsChange(Kind kind) { return kind == Kind::kInsert || kind == Kind::kUpdate || kind == Kind::kDelete; }

// One display from its first event to its end.
class LiveDisplay {
 public:
  LiveDisplay(Subscription& live, const Bell& bell, const LiveViewOptions& options, LiveLines& lines, TextSink& out,
              Printer& printer)
      : live_(live), bell_(bell), options_(options), lines_(lines), out_(out), printer_(printer) {}

  LiveEnd Run(const Interrupt& interrupt) {
    if (options_.keyboard) keyboard_ = LiveKeyboard::Open();
    while (!end_) {
      const bool more = ShowEvents();
      if (end_) break;
      DrawPrompt();
      Wait(interrupt, more);
    }
    if (keyboard_) keyboard_->Hide();
    out_.Flush();
    if (error_) printer_.PrintError(*error_);
    return *end_;
  }

 private:
  // False: nothing is left to show for now.
  bool ShowEvents() {
    bell_.Clear();
    for (int i = 0; i < kEventsAtOnce && !paused_ && !end_; ++i) {
      const auto event = live_.Next(std::chrono::milliseconds(0));
      if (!event) {
        if (!live_.is_active()) end_ = LiveEnd();
        Flush();
        return false;
      }
      Show(*event);
    }
    Flush();
    return !paused_;
  }

  void Show(const ChangeEvent& event) {
    lines_.Show(event);
    if (event.kind == Kind::kError) {
      error_ = event.error;
      end_ = LiveEnd{.code = ExitCodeOf(*event.error)};
    }
    if (IsChange(event.kind) && options_.max_changes && ++changes_ == *options_.max_changes) end_ = LiveEnd();
  }

  void Flush() {
    if (out_.text().empty()) return;
    if (keyboard_) keyboard_->Hide();
    out_.Flush();
  }

  void DrawPrompt() {
    if (!keyboard_) return;
    std::string prompt = "live> ";
    if (paused_) prompt = "paused, " + std::to_string(live_.queued()) + " waiting> ";
    keyboard_->Draw(prompt);
  }

  void Wait(const Interrupt& interrupt, bool more) {
    pollfd events[3] = {{interrupt.fd(), POLLIN, 0},
                        {paused_ ? -1 : bell_.fd(), POLLIN, 0},
                        {keyboard_ ? keyboard_->fd() : -1, POLLIN, 0}};
    const int timeout = more ? 0 : paused_ ? kPausedRedrawMs : -1;
    if (poll(events, 3, timeout) < 0 && errno != EINTR) end_ = LiveEnd{.code = ExitCode::kUsage};
    if (events[0].revents != 0) {
      end_ = LiveEnd();
    } else if (events[2].revents != 0) {
      ReadKeys();
    }
  }

  void ReadKeys() {
    keyboard_->Read();
    while (!end_) {
      const auto line = keyboard_->NextLine();
      if (!line) break;
      TakeLine(*line);
    }
    if (keyboard_->ended()) end_ = LiveEnd();
  }

  void TakeLine(std::string_view line) {
    keyboard_->Hide();
    while (!line.empty() && (line.back() == ' ' || line.back() == ';') && line.starts_with('\\')) line.remove_suffix(1);
    if (line.empty()) return;
    if (line == "\\pause") {
      Pause();
    } else if (line == "\\continue") {
      Continue();
    } else if (line == "\\unsubscribe") {
      end_ = LiveEnd();
    } else if (line == "\\quit" || line == "\\q") {
      end_ = LiveEnd{.leave = true};
    } else if (line == "\\help" || line == "\\?") {
      Say(kHelp);
    } else if (line.starts_with('\\') || !options_.on_statement) {
      Say("While a subscription is shown: \\pause, \\continue, \\unsubscribe, \\quit.\n");
    } else {
      options_.on_statement(line);
    }
  }

  void Pause() {
    if (paused_) return Say("Paused already; \\continue goes on.\n");
    paused_ = true;
    Say("Paused. Changes wait; \\continue shows them.\n");
  }

  void Continue() {
    if (!paused_) return Say("Not paused.\n");
    paused_ = false;
    const std::size_t waiting = live_.queued();
    Say("Continuing; " + std::to_string(waiting) + (waiting == 1 ? " event" : " events") + " came meanwhile.\n");
  }

  void Say(std::string_view text) {
    out_.text() += text;
    Flush();
  }

  Subscription& live_;
  const Bell& bell_;
  const LiveViewOptions& options_;
  LiveLines& lines_;
  TextSink& out_;
  Printer& printer_;
  std::unique_ptr<LiveKeyboard> keyboard_;
  bool paused_ = false;
  std::uint64_t changes_ = 0;
  std::optional<LiveEnd> end_;
  std::optional<Error> error_;
};

}  // namespace

LiveEnd ShowLive(const Client& client, const std::string& sql, const LiveViewOptions& options,
                 const OutputStyle& style, Printer& printer) {
  printer.Flush();
  if (options.max_changes == 0U) return {};
  const Interrupt interrupt(Interrupt::Signals::kCtrlCAndTerm);
  const auto bell = std::make_shared<Bell>();
  SubscribeOptions subscribe = options.subscribe;
  subscribe.ready = [bell] { bell->Ring(); };
  auto live = client.Subscribe(sql, subscribe);
  if (!live) {
    printer.PrintError(live.error());
    return {.code = ExitCodeOf(live.error())};
  }
  TextSink out(stdout);
  LiveLines lines(sql, live->id(), style, out);
  return LiveDisplay(*live, *bell, options, lines, out, printer).Run(interrupt);
}

bool IsSubscribe(std::string_view sql) {
  constexpr std::string_view kWord = "subscribe";
  sql.remove_prefix(std::min(sql.find_first_not_of(" \t\r\n"), sql.size()));
  if (sql.size() <= kWord.size()) return false;
  for (std::size_t i = 0; i < kWord.size(); ++i) {
    if (std::tolower(static_cast<unsigned char>(sql[i])) != kWord[i]) return false;
  }
  return std::isspace(static_cast<unsigned char>(sql[kWord.size()])) != 0;
}

std::optional<SubscriptionRequest> SubscriptionIn(const StatementResult& result) {
  if (result.rows.size() != 1 || result.rows[0]["status"].text() != "subscription_required")
    return std::nullopt;
  const std::string json(result.rows[0]["subscription"].text());
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  std::string_view sql;
  if (parser.parse(json).get(element) != simdjson::SUCCESS ||
      element["sql"].get(sql) != simdjson::SUCCESS)
    return std::nullopt;
  SubscriptionRequest request{.sql = std::string(sql)};
  std::uint64_t last_rows = 0;
  if (element["options"]["last_rows"].get(last_rows) == simdjson::SUCCESS)
    request.last_rows = static_cast<std::uint32_t>(last_rows);
  return request;
}

}  // namespace kalam::cli
