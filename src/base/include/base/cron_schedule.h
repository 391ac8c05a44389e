#pragma once

#include "base/clock.h"
#include "base/result.h"

#include <bitset>
#include <optional>
#include <string_view>

namespace kalam {

// Five fields as in crontab(5): minute, hour, day of month, month, day of week (0 and 7: Sunday),
// each `*`, a number, a range `1-5`, steps `*/15` or `10-40/10`, or a list of these. Names of
// months and days are not known. When both day fields are restricted, either one suffices. Times
// are UTC.
class CronSchedule {
 public:
  // Errors: kInvalidArgument that names the field.
  static Result<CronSchedule> Parse(std::string_view text);

  // The first whole minute after `time`; nullopt when none comes within four years (`0 0 31 2 *`).
  std::optional<TimestampMicros> NextAfter(TimestampMicros time) const;

 private:
  std::bitset<60> minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_;    // from 1
  std::bitset<13> months_;  // from 1
  std::bitset<7> weekdays_;
  bool any_day_ = false;
  bool any_weekday_ = false;
};

}  // namespace kalam
