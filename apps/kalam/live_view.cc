#include "live_view.h"

#include "text_width.h"

#include <algorithm>
#include <cctype>
#include <csignal>
#include <ctime>
#include <thread>
#include <utility>
#include <vector>

#include <kalam/param.h>
#include <pthread.h>
#include <simdjson.h>

namespace kalam::cli {

namespace {

using Kind = ChangeEvent::Kind;

constexpr std::size_t kPreviewedRows = 5;

constexpr const char* kGreen = "\x1b[32m";
constexpr const char* kYellow = "\x1b[33m";
constexpr const char* kRed = "\x1b[31m";
constexpr const char* kBlue = "\x1b[34m";
constexpr const char* kCyan = "\x1b[36m";
constexpr const char* kReset = "\x1b[0m";

const char* ColorOf(Kind kind) {
  switch (kind) {
    case Kind::kInsert:
      return kGreen;
    case Kind::kUpdate:
    case Kind::kConnectionLost:
      return kYellow;
    case Kind::kDelete:
    case Kind::kError:
      return kRed;
    case Kind::kInitialData:
    case Kind::kResync:
      return kBlue;
    case Kind::kAck:
    case Kind::kResumed:
      return kCyan;
  }
  return kReset;
}

// `[14:35:22.104]`, local time.
std::string TimeNow() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm local{};
  localtime_r(&now.tv_sec, &local);
  char text[32];
  const std::size_t length = std::strftime(text, sizeof(text), "[%H:%M:%S", &local);
  return std::string(text, length) + "." +
         std::to_string(1'000 + now.tv_nsec / 1'000'000).substr(1) + "]";
}

void AppendRowJson(const Row row, const std::vector<std::string>& columns, std::string* out) {
  *out += '{';
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) *out += ',';
    AppendJsonString(columns[i], out);
    *out += ':';
    AppendJsonCell(row[i], out);
  }
  *out += '}';
}

void AppendRowsJson(const Rows& rows, std::string* out) {
  *out += '[';
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) *out += ',';
    AppendRowJson(rows[i], rows.columns(), out);
  }
  *out += ']';
}

// While it lives, Ctrl+C and SIGTERM close the subscription instead of ending the process.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    sigaddset(&signals_, kWake);
    pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~StopSignals() {
    if (thread_.joinable()) {
      pthread_kill(thread_.native_handle(), kWake);
      thread_.join();
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // `live` must outlive this.
  void Close(Subscription& live) {
    thread_ = std::thread([this, &live] {
      int got = 0;
      sigwait(&signals_, &got);
      if (got != kWake) live.Close();
    });
  }

 private:
  static constexpr int kWake = SIGUSR1;
  sigset_t signals_{};
  sigset_t before_{};
  std::thread thread_;
};

class LiveView {
 public:
  LiveView(std::string sql, std::string id, const OutputStyle& style, TextSink& out)
      : sql_(std::move(sql)), id_(std::move(id)), style_(style), out_(out) {}

  void Show(const ChangeEvent& event) {
    switch (style_.format) {
      case Format::kTable:
        ShowLine(event);
        break;
      case Format::kJson:
        ShowJson(event);
        break;
      case Format::kCsv:
        ShowCsv(event);
        break;
    }
  }

 private:
  std::string& text() { return out_.text(); }

  void Begin(const ChangeEvent& event) {
    if (style_.color) text() += ColorOf(event.kind);
    text() += TimeNow() + " " + ToString(event.kind) + " [" + id_ + "]";
  }
  void End() {
    if (style_.color) text() += kReset;
    text() += "\n";
  }
  // Data never reaches a terminal raw.
  void AppendShown(std::string_view json) { AppendDisplayText(json, &text()); }
  void AppendShownRow(const Rows& rows, std::size_t row) {
    std::string json;
    AppendRowJson(rows[row], rows.columns(), &json);
    AppendShown(json);
  }

  void ShowLine(const ChangeEvent& event) {
    if (event.kind == Kind::kAck) {
      if (style_.color) text() += kCyan;
      text() += style_.color ? "✓ SUBSCRIBED [" + id_ + "] Listening for changes..."
                             : "Subscription established (ID: " + id_ + ")";
      return End();
    }
    if (event.kind == Kind::kError) return;  // the caller's
    Begin(event);
    switch (event.kind) {
      case Kind::kInitialData:
        text() += " " + std::to_string(event.rows.size()) + " rows for ";
        AppendShown(sql_);
        End();
        for (std::size_t i = 0; i < std::min(kPreviewedRows, event.rows.size()); ++i) {
          text() += "  ";
          AppendShownRow(event.rows, i);
          text() += "\n";
        }
        if (event.rows.size() > kPreviewedRows)
          text() +=
              "  ... (" + std::to_string(event.rows.size() - kPreviewedRows) + " more rows)\n";
        return;
      case Kind::kInsert:
        text() += " ";
        AppendShownRow(event.rows, 0);
        break;
      case Kind::kUpdate:
        text() += " ";
        AppendShownRow(event.old_rows, 0);
        text() += style_.color ? " ⇒ " : " => ";
        AppendShownRow(event.rows, 0);
        break;
      case Kind::kDelete:
        text() += " ";
        AppendShownRow(event.old_rows, 0);
        break;
      case Kind::kConnectionLost:
        text() += " ";
        AppendShown(event.error->message);
        text() += "; connecting again";
        break;
      case Kind::kResync:
        text() += " the whole result set comes anew";
        break;
      default:
        break;
    }
    End();
  }

  void ShowJson(const ChangeEvent& event) {
    std::string name;
    for (const char* c = ToString(event.kind); *c != '\0'; ++c)
      name += *c == ' ' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
    text() += "{\"event\":\"" + name + "\"";
    if (event.error) {
      text() += ",\"code\":";
      AppendJsonString(CodeOf(*event.error), &text());
      text() += ",\"message\":";
      AppendJsonString(event.error->message, &text());
    } else {
      text() += ",\"seq\":" + std::to_string(event.seq);
    }
    const bool has_rows = event.kind == Kind::kInitialData || !event.rows.empty();
    if (has_rows) {
      text() += ",\"rows\":";
      AppendRowsJson(event.rows, &text());
    }
    if (!event.old_rows.empty()) {
      text() += ",\"old_values\":";
      AppendRowsJson(event.old_rows, &text());
    }
    if (event.kind == Kind::kInitialData)
      text() += event.more ? ",\"more\":true" : ",\"more\":false";
    if (!event.reason.empty()) {
      text() += ",\"reason\":";
      AppendJsonString(event.reason, &text());
    }
    text() += "}\n";
  }

  void ShowCsv(const ChangeEvent& event) {
    const Rows& rows = event.kind == Kind::kDelete ? event.old_rows : event.rows;
    if (rows.empty()) return;
    std::vector<std::string> columns = {"_change", "_seq"};
    columns.insert(columns.end(), rows.columns().begin(), rows.columns().end());
    StatementResult result;
    result.has_rows = true;
    result.rows = Rows(std::move(columns));
    for (const Row row : rows) {
      result.rows.AppendRow();
      result.rows.SetInLastRow(0, Cell::Kind::kString, ToString(event.kind));
      result.rows.SetInLastRow(1, Cell::Kind::kNumber, std::to_string(event.seq));
      for (std::size_t i = 0; i < rows.columns().size(); ++i) {
        if (!row[i].is_null()) result.rows.SetInLastRow(i + 2, row[i].kind(), row[i].text());
      }
    }
    PrintCsv(result, style_, &out_, headed_ ? CsvHeader::kOmitted : CsvHeader::kPrinted);
    headed_ = true;
  }

  const std::string sql_;
  const std::string id_;
  const OutputStyle style_;
  TextSink& out_;
  bool headed_ = false;
};

}  // namespace

ExitCode ShowLive(const Client& client, const std::string& sql, const LiveViewOptions& options,
                  const OutputStyle& style, Printer& printer) {
  printer.Flush();
  std::optional<Subscription> live;
  StopSignals signals;  // before the subscription's thread, which inherits the mask
  auto subscribed = client.Subscribe(sql, options.subscribe);
  if (!subscribed) {
    printer.PrintError(subscribed.error());
    return ExitCodeOf(subscribed.error());
  }
  live = *std::move(subscribed);
  signals.Close(*live);
  TextSink out(stdout);
  LiveView view(sql, live->id(), style, out);
  std::uint64_t changes = 0;
  while (!options.max_changes || changes < *options.max_changes) {
    // What is at hand goes out together.
    auto event = live->Next(std::chrono::milliseconds(0));
    if (!event) {
      out.Flush();
      event = live->Next();
    }
    if (!event) return ExitCode::kOk;
    view.Show(*event);
    out.FlushIfLarge();
    if (event->kind == Kind::kError) {
      out.Flush();
      printer.PrintError(*event->error);
      return ExitCodeOf(*event->error);
    }
    if (event->kind == Kind::kInsert || event->kind == Kind::kUpdate ||
        event->kind == Kind::kDelete)
      ++changes;
  }
  return ExitCode::kOk;
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
