#pragma once

#include <memory>
#include <vector>

#include "duck/scan_source.h"
#include "model/datum.h"

namespace kalam::query {

// A small table made for one query: the base of all system tables.
struct Rows {
  std::vector<duck::ScanColumn> columns;
  std::vector<std::vector<Value>> rows;
};

std::shared_ptr<const duck::ScanSource> MakeRowsSource(Rows rows);

}  // namespace kalam::query
