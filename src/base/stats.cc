#include "base/stats.h"

#include <algorithm>
#include <utility>

namespace kalam {

void Stats::Add(std::string name, Reader read) {
  sources_.With([&](std::vector<Source>& sources) {
    const auto at = std::ranges::lower_bound(sources, name, {}, &Source::name);
    sources.insert(at, Source{std::move(name), std::move(read)});
  });
}

std::vector<Stats::Entry> Stats::Read() const {
  // Readers run outside the lock.
  const auto sources = sources_.With([](const std::vector<Source>& all) { return all; });
  std::vector<Entry> entries;
  entries.reserve(sources.size());
  for (const Source& source : sources) entries.push_back({source.name, source.read()});
  return entries;
}

}  // namespace kalam
