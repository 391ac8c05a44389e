#include "model/time_text.h"

#include <charconv>
#include <chrono>

namespace kalam {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;

// Two digits at `to`; returns what follows them.
char* PutTwo(char* to, unsigned value) {
  to[0] = static_cast<char>('0' + value / 10);
  to[1] = static_cast<char>('0' + value % 10);
  return to + 2;
}

std::int64_t FloorDiv(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// Reads text from the left; each method says whether it found what it wanted.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool Character(char c) {
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` decimal digits.
  bool Number(std::size_t digits, int& value) {
    if (text_.size() < digits) return false;
    value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (text_[i] < '0' || text_[i] > '9') return false;
      value = value * 10 + (text_[i] - '0');
    }
    text_.remove_prefix(digits);
    return true;
  }
  // `.5` or `.123456`; digits beyond microseconds are cut. Absent is zero.
  bool Fraction(std::int64_t& micros) {
    micros = 0;
    if (!Character('.')) return true;
    std::size_t digits = 0;
    while (digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9') ++digits;
    if (digits == 0) return false;
    for (std::size_t i = 0; i < 6; ++i) micros = micros * 10 + (i < digits ? text_[i] - '0' : 0);
    text_.remove_prefix(digits);
    return true;
  }
  bool empty() const { return text_.empty(); }

 private:
  std::string_view text_;
};

bool ScanDate(Scanner& in, std::int64_t& days) {
  int year, month, day;
  if (!in.Number(4, year) || !in.Character('-') || !in.Number(2, month) || !in.Character('-') ||
      !in.Number(2, day)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  days = std::chrono::sys_days(date).time_since_epoch().count();
  return true;
}

// `10:30`, `10:30:00`, `10:30:00.5`.
bool ScanTime(Scanner& in, std::int64_t& micros) {
  int hour, minute, second = 0;
  std::int64_t fraction = 0;
  if (!in.Number(2, hour) || !in.Character(':') || !in.Number(2, minute)) return false;
  if (in.Character(':') && !(in.Number(2, second) && in.Fraction(fraction))) return false;
  if (hour > 23 || minute > 59 || second > 59) return false;
  micros = ((hour * 60 + minute) * 60 + second) * kMicrosPerSecond + fraction;
  return true;
}

// `Z`, `+02`, `+02:00`, `+0200` or nothing.
bool ScanOffset(Scanner& in, std::int64_t& micros) {
  micros = 0;
  if (in.empty() || in.Character('Z') || in.Character('z')) return true;
  const bool minus = in.Character('-');
  if (!minus && !in.Character('+')) return false;
  int hours, minutes = 0;
  if (!in.Number(2, hours)) return false;
  if (!in.empty()) {
    in.Character(':');
    if (!in.Number(2, minutes)) return false;
  }
  if (hours > 18 || minutes > 59) return false;
  micros = (hours * 60 + minutes) * 60 * kMicrosPerSecond * (minus ? -1 : 1);
  return true;
}

}  // namespace

void AppendDate(std::string& out, std::int64_t days) {
  // std::chrono's calendar ends at year 32767; the engine's dates reach further.
  constexpr std::int64_t kCycleDays = 146'097, kCycleYears = 400;
  const std::int64_t cycle = FloorDiv(days, kCycleDays);
  const std::chrono::year_month_day date(
      std::chrono::sys_days(std::chrono::days(days - cycle * kCycleDays)));
  const std::int64_t year = static_cast<int>(date.year()) + cycle * kCycleYears;
  char text[10];
  char* end = text;
  if (year >= 0 && year <= 9999) {
    end = PutTwo(end, static_cast<unsigned>(year / 100));
    end = PutTwo(end, static_cast<unsigned>(year % 100));
  } else {
    out += std::to_string(year);
  }
  *end++ = '-';
  end = PutTwo(end, static_cast<unsigned>(date.month()));
  *end++ = '-';
  end = PutTwo(end, static_cast<unsigned>(date.day()));
  out.append(text, end);
}

void AppendTime(std::string& out, std::int64_t micros) {
  const auto seconds = static_cast<unsigned>(micros / kMicrosPerSecond);
  auto fraction = static_cast<unsigned>(micros % kMicrosPerSecond);
  char text[16];  // 10:30:00.123456
  char* end = PutTwo(text, seconds / 3600);
  *end++ = ':';
  end = PutTwo(end, seconds / 60 % 60);
  *end++ = ':';
  end = PutTwo(end, seconds % 60);
  if (fraction != 0) {
    *end = '.';
    for (int i = 6; i >= 1; --i, fraction /= 10) end[i] = static_cast<char>('0' + fraction % 10);
    end += 7;
    while (end[-1] == '0') --end;
  }
  out.append(text, end);
}

void AppendTimestamp(std::string& out, TimestampMicros micros) {
  // The engine's two infinities.
  if (micros == INT64_MAX) {
    out += "infinity";
    return;
  }
  if (micros == -INT64_MAX) {
    out += "-infinity";
    return;
  }
  const std::int64_t days = FloorDiv(micros, kMicrosPerDay);
  AppendDate(out, days);
  out += 'T';
  AppendTime(out, micros - days * kMicrosPerDay);
  out += 'Z';
}

std::string FormatTimestamp(TimestampMicros micros) {
  std::string text;
  AppendTimestamp(text, micros);
  return text;
}

std::optional<TimestampMicros> ParseTimestamp(std::string_view text) {
  Scanner in(text);
  std::int64_t days, micros = 0, offset = 0;
  if (!ScanDate(in, days)) return std::nullopt;
  if (in.Character('T') || in.Character(' ')) {
    if (!ScanTime(in, micros) || !ScanOffset(in, offset)) return std::nullopt;
  }
  if (!in.empty()) return std::nullopt;
  return days * kMicrosPerDay + micros - offset;
}

std::optional<std::int64_t> ParseDate(std::string_view text) {
  Scanner in(text);
  std::int64_t days;
  if (!ScanDate(in, days) || !in.empty()) return std::nullopt;
  return days;
}

std::optional<std::int64_t> ParseTime(std::string_view text) {
  Scanner in(text);
  std::int64_t micros;
  if (!ScanTime(in, micros) || !in.empty()) return std::nullopt;
  return micros;
}

}  // namespace kalam
