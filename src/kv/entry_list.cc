#include "entry_list.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <functional>
#include <new>

#include "base/bytes.h"

namespace kalam::kv {
namespace {

constexpr std::size_t kTagBytes = 8;

}  // namespace

EntryList::EntryList() : head_(Place(head_memory_.data(), kMaxHeight)) {
  for (int level = 0; level < kMaxHeight; ++level) head_->link(level).store(nullptr, std::memory_order_relaxed);
  for (Finger& finger : fingers_) {
    finger.before.fill(head_);
    finger.after.fill(nullptr);
  }
}

int EntryList::PickHeight() {
  // xorshift64; each further level has a quarter of the nodes.
  random_ ^= random_ << 13;
  random_ ^= random_ >> 7;
  random_ ^= random_ << 17;
  return std::min(kMaxHeight, 1 + std::countr_zero(random_ | (1ull << 63)) / 2);
}

std::size_t EntryList::NodeBytes(int height, std::size_t entry_bytes) {
  constexpr std::size_t kToAlign = alignof(Node) - 1;
  return kToAlign + static_cast<std::size_t>(height) * sizeof(Node*) + Node::kEntryAt + entry_bytes;
}

EntryList::Node* EntryList::Place(char* memory, int height) {
  auto address = reinterpret_cast<std::uintptr_t>(memory);
  address = (address + alignof(Node) - 1) / alignof(Node) * alignof(Node);
  auto* links = reinterpret_cast<std::atomic<Node*>*>(address);
  for (int level = 0; level < height; ++level) ::new (links + level) std::atomic<Node*>(nullptr);
  Node* node = ::new (links + height) Node;
  node->height = static_cast<std::uint8_t>(height);
  node->prev.store(nullptr, std::memory_order_relaxed);
  return node;
}

std::string_view EntryList::KeyOf(const char* entry) {
  const auto* byte = reinterpret_cast<const unsigned char*>(entry);
  std::uint32_t size = *byte & 0x7F;
  for (int shift = 7; *byte++ >= 0x80; shift += 7) size |= static_cast<std::uint32_t>(*byte & 0x7F) << shift;
  return {reinterpret_cast<const char*>(byte), size};
}

int EntryList::Compare(std::string_view a, std::string_view b) {
  const std::string_view user_a = a.substr(0, a.size() - kTagBytes);
  const std::string_view user_b = b.substr(0, b.size() - kTagBytes);
  if (const int order = user_a.compare(user_b); order != 0) return order;
  const auto tag_a = LoadLittleEndian<std::uint64_t>(a.data() + user_a.size());
  const auto tag_b = LoadLittleEndian<std::uint64_t>(b.data() + user_b.size());
  return tag_a == tag_b ? 0 : (tag_a > tag_b ? -1 : 1);
}

void EntryList::Insert(Node* node) {
  const std::string_view key = KeyOf(node->entry());
  Finger& finger = FingerFor(key);
  MoveTo(finger, key, node->height);

  if (node->height > height_.load(std::memory_order_relaxed)) height_.store(node->height, std::memory_order_relaxed);
  node->prev.store(finger.before[0], std::memory_order_relaxed);
  for (int level = 0; level < node->height; ++level) {
    const auto at = static_cast<std::size_t>(level);
    node->link(level).store(finger.after[at], std::memory_order_relaxed);
    finger.before[at]->link(level).store(node, std::memory_order_release);
    finger.before[at] = node;
  }
  if (Node* next = finger.after[0]; next != nullptr) {
    next->prev.store(node, std::memory_order_release);
  } else {
    last_.store(node, std::memory_order_release);
  }
}

EntryList::Finger& EntryList::FingerFor(std::string_view key) {
  constexpr std::size_t kVarying = 8 + kTagBytes;
  const std::string_view group = key.substr(0, key.size() < kVarying ? 0 : key.size() - kVarying);
  return fingers_[std::hash<std::string_view>{}(group) % kFingers];
}

// The level's neighbours are still neighbours, and `key` goes between them.
bool EntryList::Brackets(const Finger& finger, int level, std::string_view key) const {
  const auto at = static_cast<std::size_t>(level);
  const Node* before = finger.before[at];
  const Node* after = finger.after[at];
  return before->Next(level) == after && (before == head_ || IsBefore(before, key)) &&
         (after == nullptr || !IsBefore(after, key));
}

// Up to the lowest level whose neighbours are right, and down again from there. Those above still have `key`
// between them, if not as neighbours.
void EntryList::MoveTo(Finger& finger, std::string_view key, int height) const {
  int right = 0;
  while (right < kMaxHeight && !Brackets(finger, right, key)) ++right;
  const auto walk = [&](int level, Node* before, Node* after) {
    Node* next = before->Next(level);
    while (next != after && IsBefore(next, key)) {
      before = next;
      next = before->Next(level);
    }
    finger.before[static_cast<std::size_t>(level)] = before;
    finger.after[static_cast<std::size_t>(level)] = next;
  };
  Node* before = right == kMaxHeight ? head_ : finger.before[static_cast<std::size_t>(right)];
  Node* after = right == kMaxHeight ? nullptr : finger.after[static_cast<std::size_t>(right)];
  for (int level = right - 1; level >= 0; --level) {
    walk(level, before, after);
    before = finger.before[static_cast<std::size_t>(level)];
    after = finger.after[static_cast<std::size_t>(level)];
  }
  for (int level = right + 1; level < height; ++level) {
    walk(level, finger.before[static_cast<std::size_t>(level)], finger.after[static_cast<std::size_t>(level)]);
  }
}

EntryList::Node* EntryList::FindGreaterOrEqual(std::string_view key) const {
  const Node* before = head_;
  Node* after = nullptr;  // not before `key`, as seen on the level above
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; --level) {
    Node* next = before->Next(level);
    while (next != after && IsBefore(next, key)) {
      before = next;
      next = before->Next(level);
    }
    after = next;
  }
  return after;
}

std::uint64_t EntryList::EstimateBefore(std::string_view key) const {
  constexpr int kThinning = 2;  // by 4 a level, as a shift
  std::uint64_t count = 0;
  const Node* before = head_;
  for (int level = height_.load(std::memory_order_relaxed) - 1; level >= 0; --level) {
    count <<= kThinning;
    const Node* next = before->Next(level);
    for (; next != nullptr && IsBefore(next, key); next = before->Next(level)) {
      before = next;
      ++count;
    }
  }
  return count;
}

EntryList::Node* EntryList::Last() const { return last_.load(std::memory_order_acquire); }

EntryList::Node* EntryList::Previous(const Node* node) const {
  Node* previous = node->prev.load(std::memory_order_acquire);
  return previous == head_ ? nullptr : previous;
}

}  // namespace kalam::kv
