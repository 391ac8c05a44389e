#include "support/io_faults.h"

#include <cstring>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

namespace kalam::test {

IoFaults::IoFaults() {
  const int fd = open((dir_ / "control").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || ftruncate(fd, sizeof(IoFaultControl)) != 0)
    throw std::runtime_error("no file for the control of I/O");
  void* mapped = mmap(nullptr, sizeof(IoFaultControl), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped == MAP_FAILED) throw std::runtime_error("mmap failed");
  control_ = static_cast<IoFaultControl*>(mapped);  // zeros: not armed
}

IoFaults::~IoFaults() { munmap(control_, sizeof(IoFaultControl)); }

bool IoFaults::Available() {
#ifdef KALAM_SANITIZED
  return false;
#else
  return true;
#endif
}

void IoFaults::AddTo(ServerOptions& options) const {
  options.env["LD_PRELOAD"] = KALAM_IO_FAULTS_LIBRARY;
  options.env[IoFaultControl::kEnvironment] = (dir_ / "control").string();
}

void IoFaults::Plan(std::uint64_t at, std::string_view path_part, Deed deed, int error) {
  Disarm();
  if (path_part.size() >= sizeof control_->part) throw std::logic_error("path part too long");
  control_->at = at;
  control_->deed = deed;
  control_->error = error;
  std::memcpy(control_->part, path_part.data(), path_part.size());
  control_->part[path_part.size()] = '\0';
  control_->calls = 0;
  control_->hit = false;
  control_->armed = true;
}

void IoFaults::AwaitLoss() const {
  while (control_->losing) std::this_thread::yield();  // a few system calls of a process that is at them
}

}  // namespace kalam::test
