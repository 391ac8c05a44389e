#include "stream_table.h"

#include <algorithm>
#include <utility>
#include <unordered_set>

#include "model/row_codec.h"
#include "table/write_errors.h"

namespace kalam::table {
namespace {

// What a row costs beside its bytes: its slot in a chunk and its entry in the key index.
constexpr std::uint64_t kRowOverheadBytes = sizeof(StreamRow) + 80;

// Changes kept for a follower that does not come to take them.
constexpr std::uint64_t kMaxToldBytes = 128 << 20;

std::uint64_t Cost(const StreamRow& row) { return row.bytes.size() + kRowOverheadBytes; }

}  // namespace

WriteReceipt StreamTable::Apply(const TableDef& table, std::span<const RowChange> changes,
                                Blocking blocking) {
  if (changes.empty()) return {};
  Garbage garbage;  // freed after the lock is given up
  while (true) {
    {
      std::lock_guard lock(mutex_);
      const TimestampMicros now = clock_.NowMicros();
      if (Status checked = Check(table, changes, now); !checked.ok()) return {.status = checked};
      // Within the lock, so that the order of rows is that of their seqs; so it must not block.
      const auto count = static_cast<std::uint32_t>(changes.size());
      const auto first = committer_.ReserveIds(count, Blocking::kNever);
      if (!first.ok()) return {.status = first.error()};
      if (first->value() != 0) {
        const TimestampMicros expires_at =
            table.ttl_seconds ? now + *table.ttl_seconds * 1'000'000
                              : std::numeric_limits<TimestampMicros>::max();
        // Deletes and updates first: a statement may move keys onto each other.
        std::uint32_t applied = 0;
        for (const bool inserts : {false, true}) {
          for (const auto& change : changes) {
            if ((change.op == ChangeOp::kInsert) != inserts) continue;
            const Seq seq = committer_.AdvanceId(*first, applied++);
            Remove(change.key, seq);
            if (change.op != ChangeOp::kDelete) Append(change, seq, expires_at);
            last_ = seq;
          }
        }
        const auto max_rows = static_cast<std::uint64_t>(
            std::max<std::int64_t>(table.max_buffer.value_or(std::numeric_limits<int>::max()), 1));
        while (!empty() && (by_key_.size() > max_rows || bytes_ > max_bytes_)) EvictFront(garbage);
        return {.affected_rows = count};
      }
    }
    if (blocking == Blocking::kNever) return {.would_block = true};
    const auto renewed = committer_.ReserveIds(1, Blocking::kAllowed);  // waits for a longer lease
    if (!renewed.ok()) return {.status = renewed.error()};
  }
}

Status StreamTable::Check(const TableDef& table, std::span<const RowChange> changes,
                          TimestampMicros now) const {
  std::unordered_set<std::string_view> freed;
  for (const auto& change : changes) {
    if (change.op == ChangeOp::kInsert) continue;
    const StreamRow* row = FindLive(change.key, now);
    if (row == nullptr || row->seq != change.expected) {
      return ChangedMeanwhile();
    }
    if (change.op == ChangeOp::kDelete) freed.insert(change.key);
  }
  std::unordered_set<std::string_view> inserted;
  for (const auto& change : changes) {
    if (change.op != ChangeOp::kInsert) continue;
    if (changes.size() > 1 && !inserted.insert(change.key).second) return DuplicateKey(table);
    if (FindLive(change.key, now) != nullptr && !freed.contains(change.key)) {
      return DuplicateKey(table);
    }
  }
  return {};
}

StreamRow* StreamTable::FindLive(std::string_view key, TimestampMicros now) const {
  const auto it = by_key_.find(key);
  if (it == by_key_.end()) return nullptr;
  StreamRow& row = *it->second;
  return row.expires_at > now ? &row : nullptr;
}

void StreamTable::Remove(std::string_view key, Seq seq) {
  const auto it = by_key_.find(key);
  if (it == by_key_.end()) return;
  (*it->second).removed_at.store(seq.value(), std::memory_order_release);
  if (watched()) Tell(ChangeOp::kDelete, false, seq, it->second.chunk, *it->second);
  by_key_.erase(it);
}

void StreamTable::Append(const RowChange& change, Seq seq, TimestampMicros expires_at) {
  if (end_ == chunks_.size() * StreamChunk::kRows) {
    chunks_.push_back(std::make_shared<StreamChunk>());
  }
  const Position position = {chunks_.back(), end_ % StreamChunk::kRows};
  StreamRow& row = *position;
  row.seq = seq;
  row.expires_at = expires_at;
  row.bytes.reserve(change.key.size() + change.row.size());
  row.bytes.append(change.key).append(change.row);
  row.key_bytes = static_cast<std::uint32_t>(change.key.size());
  SetRowSeq(row.bytes.data() + row.key_bytes, seq);
  by_key_.emplace(row.key(), position);
  bytes_ += Cost(row);
  ++end_;
  if (watched()) Tell(ChangeOp::kInsert, false, seq, position.chunk, row);
}

void StreamTable::EvictFront(Garbage& garbage) {
  StreamRow& row = front();
  bytes_ -= Cost(row);
  const Seq removed(row.removed_at.load(std::memory_order_relaxed));
  forgotten_ = std::max({forgotten_, row.seq, removed});
  // A deleted row's key may belong to a newer row by now.
  if (removed == Seq()) {
    by_key_.erase(row.key());
    if (watch_expiry_) {
      const Seq seq = committer_.NextId();  // never stored, and shown only to those who follow now
      last_ = seq;
      Tell(ChangeOp::kDelete, true, seq, chunks_.front(), row);
    }
  }
  if (++begin_ == StreamChunk::kRows) {
    garbage.push_back(std::move(chunks_.front()));
    chunks_.pop_front();
    begin_ = 0;
    end_ -= StreamChunk::kRows;
  }
}

void StreamTable::Tell(ChangeOp op, bool expired, Seq seq, const std::shared_ptr<StreamChunk>& chunk,
                       const StreamRow& row) {
  told_bytes_ += Cost(row);
  if (told_bytes_ > kMaxToldBytes) {
    told_.changes.clear();
    told_.complete = false;
  }
  if (told_.complete) told_.changes.push_back({.op = op, .expired = expired, .seq = seq, .chunk = chunk, .at = &row});
}

Seq StreamTable::Watch(bool expiry) {
  std::lock_guard lock(mutex_);
  watch_expiry_ = watch_expiry_ || expiry;
  watched_ = true;
  return last_;
}

void StreamTable::Unwatch() {
  std::lock_guard lock(mutex_);
  watched_ = false;
  watch_expiry_ = false;
  told_ = {};
  told_bytes_ = 0;
}

StreamChanges StreamTable::TakeChanges() {
  StreamChanges taken;
  std::lock_guard lock(mutex_);
  taken = std::exchange(told_, {});
  taken.upto = last_;
  told_bytes_ = 0;
  return taken;
}

StreamChanges StreamTable::ChangesSince(Seq after) const {
  StreamChanges since;
  std::lock_guard lock(mutex_);
  since.upto = last_;
  since.complete = after >= forgotten_;
  if (!since.complete) return since;
  std::size_t position = 0;
  for (const auto& chunk : chunks_) {
    for (std::size_t i = 0; i < StreamChunk::kRows; ++i, ++position) {
      if (position < begin_ || position >= end_) continue;
      const StreamRow& row = chunk->rows[i];
      const Seq removed(row.removed_at.load(std::memory_order_relaxed));
      const auto add = [&](ChangeOp op, Seq seq) {
        if (seq > after) since.changes.push_back({.op = op, .seq = seq, .chunk = chunk, .at = &row});
      };
      add(ChangeOp::kInsert, row.seq);
      add(ChangeOp::kDelete, removed);
    }
  }
  std::ranges::stable_sort(since.changes, {}, &StreamChange::seq);
  return since;
}

std::string_view StreamChange::row() const { return at->row(); }

StreamTable::View StreamTable::Look() const {
  View view;
  std::lock_guard lock(mutex_);
  view.chunks.assign(chunks_.begin(), chunks_.end());
  view.begin = begin_;
  view.end = end_;
  view.upto = last_;
  view.now = clock_.NowMicros();
  return view;
}

const StreamRow* StreamTable::Find(std::string_view key,
                                   std::shared_ptr<const StreamChunk>& chunk) const {
  std::lock_guard lock(mutex_);
  const StreamRow* row = FindLive(key, clock_.NowMicros());
  if (row != nullptr) chunk = by_key_.find(key)->second.chunk;
  return row;
}

bool StreamTable::EvictExpired(std::size_t max_rows) {
  Garbage garbage;
  std::lock_guard lock(mutex_);
  const TimestampMicros now = clock_.NowMicros();
  std::size_t evicted = 0;
  while (!empty() && front().expires_at <= now && evicted < max_rows) {
    EvictFront(garbage);
    ++evicted;
  }
  if (empty() && !chunks_.empty()) {
    garbage.insert(garbage.end(), chunks_.begin(), chunks_.end());
    chunks_.clear();
    begin_ = end_ = 0;
  }
  return evicted == max_rows;
}

std::uint64_t StreamTable::live_rows() const {
  std::lock_guard lock(mutex_);
  return by_key_.size();
}

std::uint64_t StreamTable::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace kalam::table
