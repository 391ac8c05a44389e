#include "table/stream_store.h"

#include <condition_variable>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/guarded.h"
#include "stream_table.h"
#include "table/write_errors.h"

namespace kalam::table {
namespace {

// Expired rows given back at a time: some 20 us during which writers of the table wait.
constexpr std::size_t kEvictAtOnce = 256;

}  // namespace

struct StreamScan::View : StreamTable::View {
  explicit View(StreamTable::View view) : StreamTable::View(std::move(view)) {}
};

StreamScan::StreamScan(std::shared_ptr<const View> view)
    : view_(std::move(view)), next_(view_->begin) {}

bool StreamScan::Next() {
  while (next_ < view_->end) {
    if (view_->Shows(view_->at(next_++))) return true;
  }
  return false;
}

Seq StreamScan::upto() const { return view_->upto; }
std::string_view StreamScan::key() const { return view_->at(next_ - 1).key(); }
std::string_view StreamScan::row() const { return view_->at(next_ - 1).row(); }

struct StreamStore::Impl {
  struct Tables {
    std::unordered_map<TableId, std::shared_ptr<StreamTable>> live;
    std::unordered_set<TableId> dropped;
  };

  std::shared_ptr<StreamTable> Find(TableId id) const {
    return tables.Read([&](const Tables& t) {
      const auto it = t.live.find(id);
      return it == t.live.end() ? nullptr : it->second;
    });
  }

  // Null when the table was dropped.
  std::shared_ptr<StreamTable> FindOrAdd(TableId id) {
    if (auto table = Find(id)) return table;
    return tables.Write([&](Tables& t) -> std::shared_ptr<StreamTable> {
      if (t.dropped.contains(id)) return nullptr;
      auto& table = t.live[id];
      if (!table) table = std::make_shared<StreamTable>(committer, clock, options.max_table_bytes);
      return table;
    });
  }

  void Run() {
    std::unique_lock lock(mutex);
    while (!wake.wait_for(lock, options.eviction_interval, [&] { return stopping; })) {
      lock.unlock();
      std::vector<std::shared_ptr<StreamTable>> all;
      std::vector<TableId> watched;
      tables.Read([&](const Tables& t) {
        for (const auto& [id, table] : t.live) {
          all.push_back(table);
          if (table->watched()) watched.push_back(id);
        }
      });
      for (const auto& table : all) {
        while (table->EvictExpired(kEvictAtOnce)) {
        }
      }
      for (const TableId id : watched) Tell(id);
      lock.lock();
    }
  }

  void Tell(TableId id) {
    sink.Read([&](StreamSink* to) {
      if (to) to->OnStreamWritten(id);
    });
  }

  Committer& committer;
  const Clock& clock;
  const StreamOptions options;
  SharedGuarded<StreamSink*> sink{nullptr};
  SharedGuarded<Tables> tables{};

  std::mutex mutex{};
  std::condition_variable wake{};
  bool stopping = false;  // guarded by mutex
  std::thread evictor{};
};

StreamStore::StreamStore(Committer& committer, const Clock& clock, StreamOptions options)
    : impl_(new Impl{.committer = committer, .clock = clock, .options = options}) {
  impl_->evictor = std::thread([state = impl_.get()] { state->Run(); });
}

StreamStore::~StreamStore() {
  {
    std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_one();
  impl_->evictor.join();
}

WriteReceipt StreamStore::Apply(const TableDef& table, std::span<const RowChange> changes,
                                Blocking blocking) {
  const auto stream = impl_->FindOrAdd(table.id);
  if (!stream) return {.status = TableDropped(table)};
  WriteReceipt receipt = stream->Apply(table, changes, blocking);
  if (stream->watched() && receipt.affected_rows > 0) impl_->Tell(table.id);
  return receipt;
}

StreamScan StreamStore::Scan(const TableDef& table) const {
  const auto stream = impl_->FindOrAdd(table.id);
  return StreamScan(std::make_shared<const StreamScan::View>(stream ? stream->Look()
                                                                    : StreamTable::View()));
}

bool StreamStore::Get(const TableDef& table, std::string_view key,
                      const std::function<void(std::string_view row)>& use) const {
  const auto stream = impl_->Find(table.id);
  if (!stream) return false;
  std::shared_ptr<const StreamChunk> chunk;
  const StreamRow* row = stream->Find(key, chunk);
  if (row == nullptr) return false;
  use(row->row());
  return true;
}

void StreamStore::Drop(TableId table) {
  std::shared_ptr<StreamTable> dropped;  // freed outside the lock
  impl_->tables.Write([&](Impl::Tables& t) {
    t.dropped.insert(table);
    const auto it = t.live.find(table);
    if (it == t.live.end()) return;
    dropped = std::move(it->second);
    t.live.erase(it);
  });
}

Seq StreamStore::Watch(const TableDef& table, bool expiry) {
  const auto stream = impl_->FindOrAdd(table.id);
  return stream ? stream->Watch(expiry) : Seq();
}

void StreamStore::Unwatch(TableId table) {
  if (const auto stream = impl_->Find(table)) stream->Unwatch();
}

StreamChanges StreamStore::TakeChanges(TableId table) {
  const auto stream = impl_->Find(table);
  return stream ? stream->TakeChanges() : StreamChanges{};
}

StreamChanges StreamStore::ChangesSince(const TableDef& table, Seq after) const {
  const auto stream = impl_->FindOrAdd(table.id);
  return stream ? stream->ChangesSince(after) : StreamChanges{};
}

void StreamStore::SetSink(StreamSink* sink) {
  impl_->sink.Write([&](StreamSink*& to) { to = sink; });
}

StreamStore::Usage StreamStore::usage(TableId table) const {
  const auto stream = impl_->Find(table);
  if (!stream) return {};
  return {.rows = stream->live_rows(), .bytes = stream->bytes()};
}

}  // namespace kalam::table
