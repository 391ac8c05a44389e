#pragma once

#include "duck/scan_source.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

// The cold rows of a source, as the engine reads them itself: file by file, a vector at a time.
namespace kalam::duck {

class SegmentEngine;

using SortedKeys =
    std::vector<std::string>;  // in key form (key_codec.h), ascending, without repetition

// A local file that stays as long as `pin` does.
struct ColdFile {
  std::string path;
  std::shared_ptr<const void> pin;
};

struct ColdSegment {
  std::function<Result<ColdFile>()> open;    // called when its rows are due; may fetch the file
  std::shared_ptr<const SortedKeys> hidden;  // keys whose rows are left out; null: none
  bool has_tombstones = false;
};

struct ColdPart {
  SegmentEngine* engine = nullptr;
  // Where the source's columns are, numbered as columns(), then hidden_columns().
  std::vector<SegmentColumn> columns;
  std::size_t key_column = 0;
  // Which of them marks tombstones, that are left out; nullopt: they are rows like others.
  std::optional<std::size_t> deleted_column;
  std::vector<ColdSegment> segments;  // no two show the same key
  SortedKeys hidden;                  // in all of them: newer versions are elsewhere
};

}  // namespace kalam::duck
