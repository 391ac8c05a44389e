#include "completion/name_source.h"

#include <csignal>
#include <map>
#include <string>
#include <utility>

namespace kalam::cli {

namespace {

// More columns than this are left out; their tables are still known.
constexpr const char* kTables = "SELECT namespace, table_name FROM system.tables LIMIT 100000";
constexpr const char* kColumns =
    "SELECT table_schema, table_name, column_name FROM information_schema.columns "
    "ORDER BY table_schema, table_name, ordinal_position LIMIT 500000";

}  // namespace

std::optional<SchemaNames> FetchNames(const Client& client) {
  const auto tables = client.Query(kTables);
  const auto columns = client.Query(kColumns);
  if (!tables || !columns || tables->results.empty() || columns->results.empty()) return std::nullopt;
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> all;
  for (const Row row : tables->results.front().rows) {
    all[{std::string(row[0].text()), std::string(row[1].text())}];
  }
  // System tables are in information_schema alone.
  for (const Row row : columns->results.front().rows) {
    all[{std::string(row[0].text()), std::string(row[1].text())}].emplace_back(row[2].text());
  }
  std::vector<SchemaNames::Table> list;
  list.reserve(all.size());
  for (auto& [name, its_columns] : all) list.push_back({name.first, name.second, std::move(its_columns)});
  return SchemaNames(std::move(list));
}

NameSource::NameSource(Client client)
    : client_(std::move(client)), names_(std::make_shared<const SchemaNames>()) {
  // Ctrl+C and its like are for the thread of the prompt; a new thread inherits what is blocked.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { Run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

NameSource::~NameSource() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void NameSource::Refresh() {
  {
    const std::lock_guard lock(mutex_);
    wanted_ = true;
  }
  wake_.notify_one();
}

void NameSource::Connect(Client client) {
  {
    const std::lock_guard lock(mutex_);
    client_ = std::move(client);
    wanted_ = true;
  }
  wake_.notify_one();
}

std::shared_ptr<const SchemaNames> NameSource::names() const {
  const std::lock_guard lock(mutex_);
  return names_;
}

void NameSource::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return wanted_ || stop_; });
    if (stop_) return;
    wanted_ = false;
    const Client client = client_;
    lock.unlock();
    auto fetched = FetchNames(client);
    lock.lock();
    // Asked again meanwhile, perhaps of another server: that answer counts.
    if (fetched && !wanted_) names_ = std::make_shared<const SchemaNames>(*std::move(fetched));
  }
}

}  // namespace kalam::cli
