#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/ids.h"

namespace kalam::catalog {

// One atomic change of the stored definitions.
struct MetaChange {
  struct Put {
    std::string key;
    std::string value;
  };
  std::vector<Put> puts;             // keys of the `meta` family
  std::vector<std::string> deletes;  // likewise
  // Tables that end with this change: their rows and their change log go in the same batch (every key
  // that starts with TablePrefix, see model/key_codec.h).
  std::vector<TableId> dropped_tables;
};

// How the catalog makes its changes durable. Implemented above it, where commits are ordered, so that
// DDL and rows share one sequence and one log.
class MetaWriter {
 public:
  virtual ~MetaWriter() = default;

  // Returns when the change is durable, all of it or none. Called by one thread at a time, with the
  // catalog's DDL lock held: it must not call the catalog's DDL. An error means "not applied".
  virtual Status Commit(const MetaChange& change) = 0;
};

}  // namespace kalam::catalog
