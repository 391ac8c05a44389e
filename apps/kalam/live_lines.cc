#include "live_lines.h"

#include "text_width.h"

#include <algorithm>
#include <cctype>
#include <ctime>
#include <utility>
#include <vector>

#include <kalam/param.h>
#include <kalam/row_text.h>

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

void AppendRowsJson(const Rows& rows, std::string* out) {
  const JsonObjects objects(rows.columns());
  *out += '[';
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i > 0) *out += ',';
    objects.Append(rows[i], out);
  }
  *out += ']';
}

}  // namespace

void LiveLines::Show(const ChangeEvent& event) {
  switch (style_.format) {
    case Format::kTable:
      ShowLine(event);
      break;
    case Format::kJson:
    case Format::kNdjson:
      ShowJson(event);
      break;
    case Format::kCsv:
      ShowCsv(event);
      break;
  }
}

void LiveLines::Begin(const ChangeEvent& event) {
  if (style_.color) text() += ColorOf(event.kind);
  text() += TimeNow() + " " + ToString(event.kind) + " [" + id_ + "]";
}

void LiveLines::End() {
  if (style_.color) text() += kReset;
  text() += "\n";
}

// Data never reaches a terminal raw.
void LiveLines::AppendShown(std::string_view json) { AppendDisplayText(json, &text()); }
void LiveLines::AppendShownRow(const Rows& rows, std::size_t row) {
  std::string json;
  JsonObjects(rows.columns()).Append(rows[row], &json);
  AppendShown(json);
}

void LiveLines::ShowLine(const ChangeEvent& event) {
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

void LiveLines::ShowJson(const ChangeEvent& event) {
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

void LiveLines::ShowCsv(const ChangeEvent& event) {
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

}  // namespace kalam::cli
