#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "kv/batch.h"

namespace kalam::kv {

// Who writes definitions (catalog, users) without knowing how commits are ordered: the store itself in
// tests and tools, the table module's Committer in the server, where such a write takes its place in
// the one commit order. Thread-safe.
class DurableWriter {
 public:
  virtual ~DurableWriter() = default;

  // Applies `batch` atomically and returns once it is on disk. Blocks for one sync. On an error nothing
  // was applied, unless the message says that the outcome is unknown (the disk failed during the sync).
  virtual Status WriteDurably(const Batch& batch) = 0;

  // The same, and atomically with it removes every key of kHot and kLog that starts with one of
  // `prefixes` (TablePrefix of a dropped table). No row can be written under these prefixes afterwards,
  // also not by a statement that started before; they must never be used again.
  virtual Status WriteAndDropPrefixes(const Batch& batch, std::span<const std::string> prefixes) = 0;

  // The same as WriteDurably, and from its place in the commit order on only rows of schema `version` may be
  // written under `prefix` (TablePrefix), until the next call for it: a statement that still has another
  // definition is told kConflict. An empty batch raises the fence alone: when it returns, all rows written
  // before are durable and none of another version follows. Who has no commit order keeps no fence.
  virtual Status WriteAndFence(const Batch& batch, std::string_view /*prefix*/, int /*version*/) {
    return WriteDurably(batch);
  }
};

}  // namespace kalam::kv
