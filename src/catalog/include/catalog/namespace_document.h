#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/result.h"

namespace kalam::catalog {

// All that is stored about one namespace.
struct NamespaceDocument {
  std::string name;
  std::string options_json = "{}";  // ALTER NAMESPACE ... SET OPTIONS: a JSON object
  TimestampMicros created_at = 0;   // whole milliseconds

  bool operator==(const NamespaceDocument&) const = default;
};

std::string EncodeNamespace(const NamespaceDocument& document);

// `options_json` with `changes` (JSON values by key) put in; a key that is there is replaced in its place.
// Errors: kLimitExceeded when the result is beyond 64 KB; kCorruption.
Result<std::string> MergeOptions(std::string_view options_json,
                                 std::span<const std::pair<std::string, std::string>> changes);
// Errors: kCorruption, starting with `key`: where the bytes were found.
Result<NamespaceDocument> DecodeNamespace(std::string_view key, std::string_view json);

}  // namespace kalam::catalog
