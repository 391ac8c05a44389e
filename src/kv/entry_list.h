#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace kalam::kv {

// The ordered set of entries of one memtable: a skip list for one writer and any number of readers.
//
// An entry is what the engine stores: | varint32 key bytes | user key | tag u64 LE | ... |, with the tag
// counted as part of the key. Entries are ordered by user key, bytewise, and for the same user key by falling
// tag, newest first. No two are equal.
//
// Two things the engine's own skip list lacks, for what tables here do most:
// - The lowest level is linked both ways, so that walking backward ("my last 50 rows") costs a step and not a
//   search per row.
// - The writer remembers where it last inserted for 128 groups of keys that differ in their last 8 bytes only,
//   and searches from there: rows of one partition mostly come in the order of their keys, whatever comes
//   between for other partitions.
// Comparisons are inlined and count nothing.
//
// Nodes are written before they are linked (release), so readers need no lock. A reader that walks back past
// an insert under way may miss the new entry, which its snapshot must not see anyway: the engine
// publishes a write's tag after it is linked everywhere. Nodes live as long as the memory they are placed in;
// nothing is ever removed.
class EntryList {
 public:
  // The links of each level lie before the node, the entry's bytes follow its members.
  struct Node {
    std::atomic<Node*> prev;
    std::uint8_t height;

    static constexpr std::size_t kEntryAt = sizeof(std::atomic<Node*>) + sizeof(std::uint8_t);
    char* entry() { return reinterpret_cast<char*>(this) + kEntryAt; }
    const char* entry() const { return reinterpret_cast<const char*>(this) + kEntryAt; }

    Node* Next(int level = 0) const { return link(level).load(std::memory_order_acquire); }
    std::atomic<Node*>& link(int level) const {
      return *(reinterpret_cast<std::atomic<Node*>*>(const_cast<Node*>(this)) - 1 - level);
    }
  };

  EntryList();
  EntryList(const EntryList&) = delete;
  EntryList& operator=(const EntryList&) = delete;

  // --- the writer

  // How many levels the next node gets, and the memory it needs (at any alignment).
  int PickHeight();
  static std::size_t NodeBytes(int height, std::size_t entry_bytes);
  // Makes a node in `memory`. Its entry is to be filled in before Insert.
  static Node* Place(char* memory, int height);
  void Insert(Node* node);

  // --- readers. `key`: user key and tag.

  // The first entry that is not before `key`, the last one, the one before `node`; null: none.
  Node* FindGreaterOrEqual(std::string_view key) const;
  Node* First() const { return head_->Next(); }
  Node* Last() const;
  Node* Previous(const Node* node) const;
  // About how many entries are before `key`, from the links that a search follows: within a factor of two, as a rule.
  std::uint64_t EstimateBefore(std::string_view key) const;

  static std::string_view KeyOf(const char* entry);
  static int Compare(std::string_view a, std::string_view b);

 private:
  // Levels thin out by 4: 12 of them serve 16 million entries.
  static constexpr int kMaxHeight = 12;
  static constexpr std::size_t kFingers = 128;

  // On each level two nodes between which the last insert of a group went: `before` further up is at or before
  // the one below, `after` at or after it. They may have got others between them since.
  struct Finger {
    std::array<Node*, kMaxHeight> before;
    std::array<Node*, kMaxHeight> after;
  };

  static bool IsBefore(const Node* node, std::string_view key) { return Compare(KeyOf(node->entry()), key) < 0; }
  Finger& FingerFor(std::string_view key);
  bool Brackets(const Finger& finger, int level, std::string_view key) const;
  // Makes the finger's neighbours on the lowest `height` levels those of `key`.
  void MoveTo(Finger& finger, std::string_view key, int height) const;

  alignas(std::atomic<Node*>) std::array<char, (kMaxHeight + 3) * sizeof(Node*)> head_memory_{};
  Node* const head_;
  std::atomic<Node*> last_{nullptr};
  std::atomic<int> height_{1};  // of the highest node
  std::uint64_t random_ = 0x9E3779B97F4A7C15ull;
  std::array<Finger, kFingers> fingers_;
};

}  // namespace kalam::kv
