#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace kalam::test {

struct StressOptions {
  int writers = 10;
  int listeners = 20;  // of the writers' users in turn
  int readers = 1;
  int visitors = 0;                   // threads whose connections come and go
  double statements_per_second = 0;  // of all writers together; 0: as fast as they can
  unsigned seed = 1;
};

// Many clients of one server at once. Writers insert, change and delete rows of stress.notes within so many keys that
// the table keeps its size; listeners keep the result of a live query from what they are sent alone, and check that
// every change fits; readers measure SELECTs; visitors connect, look and leave, politely or not.
//
// Each client is a thread of its own that Stop joins. What nobody should see (a connection that ends, an answer that is
// no success, a change that does not fit) is kept in failures(), for the test to print.
class StressLoad {
 public:
  StressLoad(std::uint16_t port, StressOptions options);
  ~StressLoad();
  StressLoad(const StressLoad&) = delete;
  StressLoad& operator=(const StressLoad&) = delete;

  // Makes the table; for a new server, once.
  static void MakeTable(std::uint16_t port);

  // Returns when every listener has its first rows.
  void Start();
  // Runs for so long, and ends earlier when something has failed.
  void RunFor(std::chrono::milliseconds time);
  // Ends writers, readers and visitors; listeners must then come to have what a SELECT gives. Ends them too.
  void Stop();

  std::uint64_t statements() const { return statements_; }
  std::uint64_t changes() const { return changes_; }
  std::uint64_t visits() const { return visits_; }
  // Of the SELECTs, in milliseconds; call after Stop.
  double SelectQuantile(double quantile);
  std::size_t selects() const { return latencies_.size(); }
  std::vector<std::string> failures();

 private:
  class Listener;

  void Write(int number);
  void Read(int number);
  void Visit(int number);
  void Fail(const std::string& what);
  void AwaitResult(Listener& listener);
  template <typename Work>
  void Launch(std::vector<std::thread>& threads, Work work);

  const std::uint16_t port_;
  const StressOptions options_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> failed_{false};
  std::atomic<std::uint64_t> statements_{0}, changes_{0}, visits_{0};
  std::mutex mutex_;
  std::vector<std::string> failures_;  // guarded by mutex_
  std::vector<double> latencies_;      // guarded by mutex_ until Stop
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::thread> workers_;
  std::vector<std::thread> listening_;
};

}  // namespace kalam::test
