#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kalam::table {

// Which partitions somebody follows, and which of those were written to. Partitions fall into a fixed number of
// slots by their prefix, so that a commit asks about its partition with one look-up, and what was touched never
// outgrows a bound; who follows a partition looks at it whenever its slot was touched, which others in the same
// slot may have caused. Not thread-safe: the Committer's, under its sequencer's lock.
class ChangeInterest {
 public:
  static constexpr std::uint32_t kSlots = 1u << 14;

  // `partition`: the key prefix (PartitionPrefix).
  static std::uint32_t SlotOf(std::string_view partition) {
    std::uint64_t hash = 0xcbf29ce484222325;  // FNV-1a
    for (const char c : partition) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return static_cast<std::uint32_t>(hash >> 40) & (kSlots - 1);
  }

  void Watch(std::uint32_t slot) {
    ++slots_[slot].watchers;
    ++watchers_;
  }
  void Unwatch(std::uint32_t slot) {
    --slots_[slot].watchers;
    --watchers_;
  }

  bool any() const { return watchers_ != 0; }
  // Whether somebody watches it.
  bool Touch(std::uint32_t slot) {
    Slot& touched = slots_[slot];
    if (touched.watchers == 0) return false;
    if (!touched.touched) touched_.push_back(slot);
    touched.touched = true;
    return true;
  }
  // Appends the slots touched since the last call.
  void TakeTouched(std::vector<std::uint32_t>& out) {
    for (const std::uint32_t slot : touched_) slots_[slot].touched = false;
    out.insert(out.end(), touched_.begin(), touched_.end());
    touched_.clear();
  }

 private:
  struct Slot {
    std::uint32_t watchers = 0;
    bool touched = false;
  };
  std::array<Slot, kSlots> slots_{};
  std::size_t watchers_ = 0;
  std::vector<std::uint32_t> touched_;
};

}  // namespace kalam::table
