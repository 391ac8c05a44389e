#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/guarded.h"

namespace kalam {

// The numbers that system.stats shows. Each part keeps its own counters and lends a function that reads
// them; whoever puts the parts together adds these once, before requests come. Thread-safe.
//
//   stats.Add("commits_total", [&] { return committer.stats().commits; });
class Stats {
 public:
  // Called on any thread, at any time while the registry lives; must be quick.
  using Reader = std::function<std::int64_t()>;
  struct Entry {
    std::string name;
    std::int64_t value = 0;
  };

  // `name` in lower case with underscores, unit last: `plan_cache_hits_total`, `memtable_bytes`.
  void Add(std::string name, Reader read);

  // All numbers as they are now, in order of name.
  std::vector<Entry> Read() const;

 private:
  struct Source {
    std::string name;
    Reader read;
  };
  Guarded<std::vector<Source>> sources_;  // in order of name
};

}  // namespace kalam
