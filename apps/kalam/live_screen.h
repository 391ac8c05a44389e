#pragma once

#include "live_rows.h"
#include "live_view.h"

#include <string>

namespace kalam::cli {

// What the screen shows of a result set: `lines` lines at most (but for the heading and the count) of `width` cells at
// most, each ended by a line break. The first rows that find room; a cell that changed within the last second is
// marked. Pure, for tests.
std::string DrawLiveRows(const LiveRows& rows, const std::string& heading, std::size_t lines, std::size_t width,
                         bool color, LiveRows::Time now);

// `kalam watch --table`: keeps the result set of a live query on the screen until Ctrl+C, drawing it anew at most
// 20 times a second however many changes arrive. The terminal shows afterwards what it showed before.
ExitCode ShowLiveTable(const Client& client, const std::string& sql, const OutputStyle& style, Printer& printer);

}  // namespace kalam::cli
