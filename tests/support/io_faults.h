#pragma once

#include "support/io_faults/control.h"
#include "support/server_process.h"
#include "support/temp_dir.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace kalam::test {

// Failing disks and deaths at any step, for servers that are started with it: a library in the
// server's process counts the calls that change a file whose path contains some text, and does what
// is planned at the n-th. So a test can visit each of them: plan for 0, 1, 2, ... until nothing was
// hit any more.
//
// Not in sanitized builds, whose runtime wants to be loaded first.
// Calls to another server count, too: their path is `/socket/PORT/`.
class IoFaults {
 public:
  using Deed = IoFaultControl::Deed;

  IoFaults();
  ~IoFaults();
  IoFaults(const IoFaults&) = delete;
  IoFaults& operator=(const IoFaults&) = delete;

  static bool Available();
  // For servers that are not started yet.
  void AddTo(ServerOptions& options) const;

  // `error` is an errno, of no meaning where the deed is a death.
  void Plan(std::uint64_t at, std::string_view path_part, Deed deed, int error = 0);
  void Disarm() { control_->armed = false; }
  bool hit() const { return control_->hit; }
  // After the end of a process that kKillUnsynced took: until its files are as the loss of power leaves them.
  void AwaitLoss() const;
  std::uint64_t calls() const { return control_->calls; }
  // `fsync /tmp/...`: where it was.
  std::string hit_call() const { return hit() ? control_->hit_call : "nothing"; }

 private:
  TempDir dir_;
  IoFaultControl* control_;
};

}  // namespace kalam::test
