#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include <kalam/client.h>

#include "completion/schema_names.h"

namespace kalam::cli {

// Keeps the names of a server for completion, read by a thread of its own so that nobody waits for them. Any thread
// may call it. A server that does not answer leaves the names as they are.
class NameSource {
 public:
  // `client` should give up soon: the destructor waits for a request under way. Reads for the first time at once.
  explicit NameSource(Client client);
  ~NameSource();
  NameSource(const NameSource&) = delete;
  NameSource& operator=(const NameSource&) = delete;

  // Reads them again: after DDL, and for \refresh-tables. Returns at once.
  void Refresh();
  // Asks this server from now on. The names of before stay until it has answered.
  void Connect(Client client);

  // Never null.
  std::shared_ptr<const SchemaNames> names() const;

 private:
  void Run();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  Client client_;                             // guarded, as are the others
  std::shared_ptr<const SchemaNames> names_;
  bool wanted_ = true;
  bool stop_ = false;
  std::thread thread_;
};

// nullopt: the server could not be asked.
std::optional<SchemaNames> FetchNames(const Client& client);

}  // namespace kalam::cli
