#pragma once

#include <string>
#include <string_view>

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
// Errors: kCorruption, starting with `key`: where the bytes were found.
Result<NamespaceDocument> DecodeNamespace(std::string_view key, std::string_view json);

}  // namespace kalam::catalog
