#include "table/writer.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "latches.h"
#include "latest_rows.h"
#include "model/key_codec.h"
#include "model/row_codec.h"
#include "table/write_errors.h"

namespace kalam::table {
namespace {

// From this many inserts on, one look whether the key range is empty is cheaper than a look-up each.
constexpr std::size_t kRangeCheckFrom = 16;

// A deleted row under the key of an insert: the row that the insert replaces, for those who see deleted rows.
struct Tombstone {
  std::uint32_t insert;  // position in the statement
  std::string row;
};

// Buffers of one operation. One per thread, so that a write does not allocate; no operation calls another.
struct Scratch {
  std::string partition;
  std::string key;  // hot key: partition + primary key
  std::string row;
  std::vector<Latches::Stripe> stripes;
  std::vector<std::uint32_t> inserts;  // positions in the statement, sorted by key
  std::vector<Tombstone> tombstones;   // that rows are inserted over, by position
  PendingCommit commit;
};

Scratch& ThreadScratch() {
  thread_local Scratch scratch;
  return scratch;
}

// One operation from its first look at the state to its receipt.
class Operation {
 public:
  Operation(kv::Store& store, const cold::ColdRows* cold, Committer& committer, const TableDef& table,
            const UserId& user, Blocking blocking)
      : committer_(committer), table_(table), user_(user), blocking_(blocking), latest_(store, cold, blocking) {
    scratch_.partition.clear();
    AppendPartitionPrefix(scratch_.partition, table.id, user.text());
    scratch_.commit.Clear();
    scratch_.stripes.clear();
    scratch_.inserts.clear();
    scratch_.tombstones.clear();
  }
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  WriteReceipt Apply(std::span<const RowChange> changes, const CommitNote* note, Latches& latches) {
    if (latest_.MayPrefetch(table_)) {
      std::vector<std::string> keys;
      for (const auto& change : changes) keys.emplace_back(change.key);
      if (Status read = latest_.Prefetch(table_, user_.text(), std::move(keys)); !read.ok()) {
        return Refuse(std::move(read).error());
      }
    }
    for (const auto& change : changes) AddStripe(change.key);
    std::ranges::sort(scratch_.stripes);
    const auto repeated = std::ranges::unique(scratch_.stripes);
    scratch_.stripes.erase(repeated.begin(), repeated.end());
    const LatchGuard guard(latches, scratch_.stripes, blocking_ == Blocking::kAllowed);
    if (!guard.held()) return WouldBlock();

    const Status checked = AddChanges(changes);
    if (latest_.would_block()) return WouldBlock();
    if (!checked.ok()) return Refuse(checked.error());
    if (note) scratch_.commit.Note(note->key, note->value);
    return Commit();
  }

  WriteReceipt Mutate(std::string_view key, const MutateFn& decide, Latches& latches) {
    if (latest_.MayPrefetch(table_)) {
      if (Status read = latest_.Prefetch(table_, user_.text(), {std::string(key)}); !read.ok()) {
        return Refuse(std::move(read).error());
      }
    }
    AddStripe(key);
    const LatchGuard guard(latches, scratch_.stripes, blocking_ == Blocking::kAllowed);
    if (!guard.held()) return WouldBlock();

    const auto latest = Latest(key);
    if (latest_.would_block()) return WouldBlock();
    if (!latest.ok()) return Refuse(latest.error());
    scratch_.row.clear();
    const auto decided = decide(*latest, scratch_.row);
    if (!decided.ok()) return Refuse(decided.error());
    const bool was_live = IsLive(*latest);
    const bool is_live = IsLive(scratch_.row);
    if (!*decided || (!was_live && !is_live)) return {.durable_after = latest_.observed()};

    const ChangeOp op = !was_live ? ChangeOp::kInsert
                        : is_live ? ChangeOp::kUpdate
                                  : ChangeOp::kDelete;
    Add(op, key, scratch_.row, *latest);
    return Commit();
  }

 private:
  // Keys that this statement deletes, with the delete's position in it and in the commit.
  struct Delete {
    std::uint32_t change;
    std::uint32_t in_commit;
  };
  using Freed = std::unordered_map<std::string_view, Delete>;

  static bool IsLive(std::string_view row) { return !row.empty() && !RowDeleted(row); }

  void AddStripe(std::string_view key) {
    scratch_.stripes.push_back(Latches::StripeOf(scratch_.partition, key));
  }
  void Add(ChangeOp op, std::string_view key, std::string_view row, std::string_view old_row) {
    scratch_.commit.Add(op, table_.id, scratch_.partition, key, row, old_row);
  }

  // The newest version of a row, empty when there is none.
  Result<std::string_view> Latest(std::string_view key) {
    return latest_.Find(table_, user_.text(), scratch_.partition, key);
  }

  Status AddChanges(std::span<const RowChange> changes) {
    Freed freed;
    for (std::uint32_t i = 0; i < changes.size(); ++i) {
      const RowChange& change = changes[i];
      if (change.op == ChangeOp::kInsert) {
        scratch_.inserts.push_back(i);
        continue;
      }
      KALAM_TRY_ASSIGN(const std::string_view latest, Latest(change.key));
      if (latest_.would_block()) return {};
      if (!IsLive(latest) || RowSeq(latest) != change.expected) {
        return ChangedMeanwhile();
      }
      Add(change.op, change.key, change.row, latest);
      if (change.op == ChangeOp::kDelete) freed.try_emplace(change.key, Delete{i, scratch_.commit.changes() - 1});
    }
    return AddInserts(changes, freed);
  }

  Status AddInserts(std::span<const RowChange> changes, const Freed& freed) {
    auto& inserts = scratch_.inserts;
    if (inserts.empty()) return {};
    const auto key = [&](std::uint32_t i) { return changes[i].key; };
    if (!std::ranges::is_sorted(inserts, {}, key)) std::ranges::sort(inserts, {}, key);
    if (std::ranges::adjacent_find(inserts, {}, key) != inserts.end()) return DuplicateKey(table_);

    bool none_exists = false;
    if (inserts.size() >= kRangeCheckFrom) {
      KALAM_TRY_ASSIGN(none_exists, latest_.RangeIsEmpty(table_, user_.text(), scratch_.partition,
                                                         key(inserts.front()), key(inserts.back())));
      if (latest_.would_block()) return {};
    }
    if (!none_exists) {
      for (const std::uint32_t i : inserts) {
        KALAM_TRY_ASSIGN(const std::string_view latest, Latest(key(i)));
        if (latest_.would_block()) return {};
        if (latest.empty() || freed.contains(key(i))) continue;
        if (!RowDeleted(latest)) return DuplicateKey(table_);
        scratch_.tombstones.push_back({i, std::string(latest)});
      }
    }
    std::ranges::sort(scratch_.tombstones, {}, &Tombstone::insert);
    // In the statement's order: rows inserted together have ascending seqs.
    auto tombstone = scratch_.tombstones.begin();
    for (std::uint32_t i = 0; i < changes.size(); ++i) {
      const RowChange& change = changes[i];
      if (change.op != ChangeOp::kInsert) continue;
      if (tombstone != scratch_.tombstones.end() && tombstone->insert == i) {
        Add(change.op, change.key, change.row, (tombstone++)->row);
      } else if (const auto moved = freed.find(change.key); moved != freed.end()) {
        Add(change.op, change.key, change.row, changes[moved->second.change].row);
        scratch_.commit.OldRowIsOf(moved->second.in_commit);
      } else {
        Add(change.op, change.key, change.row, {});
      }
    }
    return {};
  }

  WriteReceipt WouldBlock() const { return {.would_block = true}; }
  WriteReceipt Refuse(Error error) const {
    return {.status = std::move(error), .durable_after = latest_.observed()};
  }

  WriteReceipt Commit() {
    const std::uint32_t changes = scratch_.commit.changes();
    if (changes == 0) return {.durable_after = latest_.observed()};
    auto outcome = committer_.Commit(scratch_.commit, blocking_);
    if (!outcome.ok()) {
      if (outcome.error().code() != ErrorCode::kNotFound) return Refuse(outcome.error());
      return Refuse(TableDropped(table_));
    }
    if (outcome->would_block) return WouldBlock();
    return {.affected_rows = changes, .durable_after = outcome->last};
  }

  Committer& committer_;
  const TableDef& table_;
  const UserId& user_;
  const Blocking blocking_;
  Scratch& scratch_ = ThreadScratch();
  LatestRows latest_;
};

// A transaction's commit: rows of several partitions, each unchanged since the snapshot or nothing is written.
class TransactionCommit {
 public:
  TransactionCommit(kv::Store& store, const cold::ColdRows* cold, Committer& committer)
      : committer_(committer), latest_(store, cold, Blocking::kAllowed) {}

  WriteReceipt Apply(std::span<const StagedChange> changes, const CommitNote* note, Latches& latches) {
    if (Status read = Prefetch(changes); !read.ok()) return Refuse(std::move(read).error());
    std::vector<Latches::Stripe> stripes;
    stripes.reserve(changes.size());
    for (const auto& change : changes) {
      UsePartition(change);
      stripes.push_back(Latches::StripeOf(partition_, change.key));
    }
    std::ranges::sort(stripes);
    const auto repeated = std::ranges::unique(stripes);
    stripes.erase(repeated.begin(), repeated.end());
    const LatchGuard guard(latches, stripes, true);

    for (const auto& change : changes) {
      if (const Status checked = Add(change); !checked.ok()) return Refuse(checked.error());
    }
    if (commit_.changes() == 0) return {};
    if (note) commit_.Note(note->key, note->value);
    const auto outcome = committer_.Commit(commit_, Blocking::kAllowed);
    if (outcome.ok()) return {.affected_rows = commit_.changes(), .durable_after = outcome->last};
    if (outcome.error().code() != ErrorCode::kNotFound) return Refuse(outcome.error());
    return Refuse(Error(ErrorCode::kConflict, "a table of the transaction was dropped"));
  }

 private:
  void UsePartition(const StagedChange& change) {
    partition_.clear();
    AppendPartitionPrefix(partition_, change.table->id, change.user);
  }

  // Changes of one partition are neighbours more often than not.
  Status Prefetch(std::span<const StagedChange> changes) {
    for (std::size_t begin = 0; begin < changes.size();) {
      const StagedChange& first = changes[begin];
      std::vector<std::string> keys;
      while (begin < changes.size() && changes[begin].table->id == first.table->id &&
             changes[begin].user == first.user) {
        keys.emplace_back(changes[begin++].key);
      }
      if (!latest_.MayPrefetch(*first.table)) continue;
      KALAM_TRY(latest_.Prefetch(*first.table, first.user, std::move(keys)));
    }
    return {};
  }

  Status Add(const StagedChange& change) {
    UsePartition(change);
    KALAM_TRY_ASSIGN(const std::string_view latest, latest_.Find(*change.table, change.user, partition_, change.key));
    const Seq seq = latest.empty() ? Seq() : RowSeq(latest);
    if (seq != change.base) return ChangedMeanwhile();
    commit_.Add(change.op, change.table->id, partition_, change.key, change.row, latest);
    return {};
  }

  WriteReceipt Refuse(Error error) const {
    return {.status = std::move(error), .durable_after = latest_.observed()};
  }

  Committer& committer_;
  std::string partition_;
  LatestRows latest_;
  PendingCommit commit_;
};

// Few keys that stay lie between so many rows and cost less as a range, which takes as long for one row as for a
// million. More ranges would cost whoever reads near them, until files are merged.
constexpr std::size_t kRowsPerRange = 1'024;
constexpr std::size_t kDeletesPerPiece = 128;  // some ten microseconds

// Adds the removal of the first of `rows` (ascending) but for keys in `stay`: runs of many as ranges, others one by
// one. Returns how many of them it has dealt with.
std::size_t AddRemoval(std::string_view partition, std::span<const Writer::FlushedRow> rows,
                       const ChangeRecording::Keys& stay, kv::Batch& batch) {
  const auto hot_key = [&](const Writer::FlushedRow& row) { return std::string(partition) + row.key; };
  std::size_t done = 0;
  auto next_to_stay = stay.lower_bound(rows.front().key);
  while (done < rows.size() && batch.count() < kDeletesPerPiece) {
    const auto rest = rows.subspan(done);
    const auto end = next_to_stay == stay.end()
                         ? rest.end()
                         : std::ranges::lower_bound(rest, *next_to_stay, {}, &Writer::FlushedRow::key);
    auto run = rest.first(static_cast<std::size_t>(end - rest.begin()));
    if (run.size() >= kRowsPerRange) {
      batch.DeleteRange(kv::Family::kHot, hot_key(run.front()), hot_key(run.back()) + '\0');
    } else {
      run = run.first(std::min(run.size(), kDeletesPerPiece - batch.count()));
      for (const auto& row : run) batch.Delete(kv::Family::kHot, hot_key(row));
    }
    done += run.size();
    if (done == rows.size() || next_to_stay == stay.end()) continue;
    if (rows[done].key == *next_to_stay) ++done;
    if (done < rows.size()) next_to_stay = stay.lower_bound(rows[done].key);
  }
  return done;
}

}  // namespace

struct Writer::Impl {
  kv::Store& store;
  Committer& committer;
  const cold::ColdRows* cold;
  Latches latches;
};

Writer::Writer(kv::Store& store, Committer& committer, const cold::ColdRows* cold)
    : impl_(new Impl{.store = store, .committer = committer, .cold = cold, .latches = {}}) {}
Writer::~Writer() = default;

WriteReceipt Writer::Apply(const TableDef& table, const UserId& user,
                           std::span<const RowChange> changes, Blocking blocking,
                           const CommitNote* note) {
  return Operation(impl_->store, impl_->cold, impl_->committer, table, user, blocking)
      .Apply(changes, note, impl_->latches);
}

WriteReceipt Writer::ApplyAll(std::span<const StagedChange> changes, const CommitNote* note) {
  return TransactionCommit(impl_->store, impl_->cold, impl_->committer).Apply(changes, note, impl_->latches);
}

WriteReceipt Writer::Mutate(const TableDef& table, const UserId& user, std::string_view key,
                            const MutateFn& decide, Blocking blocking) {
  return Operation(impl_->store, impl_->cold, impl_->committer, table, user, blocking)
      .Mutate(key, decide, impl_->latches);
}

Status Writer::RemoveFlushed(const TableDef& table, const UserId& user, std::span<const FlushedRow> rows) {
  const std::string partition = PartitionPrefix(table.id, user);
  std::vector<Latches::Stripe> stripes;
  for (const FlushedRow& row : rows) stripes.push_back(Latches::StripeOf(partition, row.key));
  std::ranges::sort(stripes);
  const auto repeated = std::ranges::unique(stripes);
  stripes.erase(repeated.begin(), repeated.end());
  const LatchGuard guard(impl_->latches, stripes, true);
  kv::Batch batch;
  // One walk instead of a look-up per row: they are neighbours. Others may come in between, and stay.
  const auto latest = impl_->store.NewIterator(
      kv::Family::kHot, {.lower = partition + rows.front().key, .upper = partition + rows.back().key + '\0'});
  latest->SeekToFirst();
  for (const FlushedRow& row : rows) {
    const auto hot_key = [&] { return latest->key().substr(partition.size()); };
    while (latest->Valid() && hot_key() < row.key) latest->Next();
    if (!latest->Valid()) break;
    if (hot_key() == row.key && RowSeq(latest->value()) == row.seq) batch.Delete(kv::Family::kHot, latest->key());
  }
  KALAM_TRY(latest->status());
  if (batch.empty()) return {};
  KALAM_TRY(impl_->committer.WriteAbout(table.id, batch));
  return {};
}

Result<std::size_t> Writer::RemoveFlushed(const TableDef& table, const UserId& user, const ChangeRecording& recording,
                                          std::span<const FlushedRow> rows) {
  const std::string partition = PartitionPrefix(table.id, user);
  std::size_t done = 0;
  KALAM_TRY(impl_->committer.WriteAbout(table.id, recording,
                                        [&](const ChangeRecording::Keys& changed, kv::Batch& batch) -> Status {
                                          done = AddRemoval(partition, rows, changed, batch);
                                          return {};
                                        }));
  return done;
}

}  // namespace kalam::table
