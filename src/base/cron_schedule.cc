#include "base/cron_schedule.h"

#include <charconv>
#include <chrono>
#include <string>

namespace kalam {
namespace {

struct Range {
  int low = 0;
  int high = 0;
  int step = 1;
};

std::optional<int> Number(std::string_view text) {
  int number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// `*`, `5`, `1-5`, each with `/2`.
std::optional<Range> ParseRange(std::string_view text, int low, int high) {
  Range range{low, high, 1};
  const std::size_t slash = text.find('/');
  if (slash != std::string_view::npos) {
    const auto step = Number(text.substr(slash + 1));
    if (!step || *step < 1) return std::nullopt;
    range.step = *step;
    text = text.substr(0, slash);
  }
  if (text == "*") return range;
  const std::size_t dash = text.find('-');
  const auto first = Number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : Number(text.substr(dash + 1));
  if (!first || !last || *first < low || *last > high || *first > *last) return std::nullopt;
  range.low = *first;
  // `5/10` is everything from 5 on.
  range.high = dash == std::string_view::npos && slash != std::string_view::npos ? high : *last;
  return range;
}

template <std::size_t N>
bool ParseField(std::string_view text, int low, int high, std::bitset<N>& out) {
  while (true) {
    const std::size_t comma = text.find(',');
    const auto range = ParseRange(text.substr(0, comma), low, high);
    if (!range) return false;
    for (int value = range->low; value <= range->high; value += range->step)
      out.set(static_cast<std::size_t>(value));
    if (comma == std::string_view::npos) return true;
    text.remove_prefix(comma + 1);
  }
}

std::string_view TakeField(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
  text.remove_prefix(begin);
  const std::string_view field = text.substr(0, text.find_first_of(" \t"));
  text.remove_prefix(field.size());
  return field;
}

}  // namespace

Result<CronSchedule> CronSchedule::Parse(std::string_view text) {
  CronSchedule schedule;
  std::bitset<8> weekdays;
  const auto bad = [](std::string_view field, std::string_view value) {
    return Error(ErrorCode::kInvalidArgument, std::string(field) + " '" + std::string(value) +
                                                  "' is no cron field (five are needed)");
  };
  const std::string_view minute = TakeField(text), hour = TakeField(text), day = TakeField(text),
                         month = TakeField(text), weekday = TakeField(text);
  if (!ParseField(minute, 0, 59, schedule.minutes_)) return bad("minute", minute);
  if (!ParseField(hour, 0, 23, schedule.hours_)) return bad("hour", hour);
  if (!ParseField(day, 1, 31, schedule.days_)) return bad("day of month", day);
  if (!ParseField(month, 1, 12, schedule.months_)) return bad("month", month);
  if (!ParseField(weekday, 0, 7, weekdays)) return bad("day of week", weekday);
  if (!TakeField(text).empty()) return bad("sixth field", "");
  for (std::size_t i = 0; i < 8; ++i) {
    if (weekdays[i]) schedule.weekdays_.set(i % 7);
  }
  schedule.any_day_ = day.starts_with('*');
  schedule.any_weekday_ = weekday.starts_with('*');
  return schedule;
}

std::optional<TimestampMicros> CronSchedule::NextAfter(TimestampMicros time) const {
  using namespace std::chrono;
  const sys_time<microseconds> after{microseconds(time)};
  const sys_days first = floor<days>(after);
  const minutes first_minute = floor<minutes>(after - first) + minutes(1);
  for (int n = 0; n <= 4 * 366; ++n) {
    const sys_days day = first + days(n);
    const year_month_day date(day);
    const std::size_t weekday_number = weekday(day).c_encoding();
    const bool day_fits = days_[static_cast<unsigned>(date.day())];
    const bool weekday_fits = weekdays_[weekday_number];
    const bool fits =
        any_day_ || any_weekday_ ? day_fits && weekday_fits : day_fits || weekday_fits;
    if (!fits || !months_[static_cast<unsigned>(date.month())]) continue;
    for (int minute = n == 0 ? static_cast<int>(first_minute.count()) : 0; minute < 24 * 60;
         ++minute) {
      if (!hours_[static_cast<std::size_t>(minute / 60)] ||
          !minutes_[static_cast<std::size_t>(minute % 60)])
        continue;
      return duration_cast<microseconds>((day + minutes(minute)).time_since_epoch()).count();
    }
  }
  return std::nullopt;
}

}  // namespace kalam
