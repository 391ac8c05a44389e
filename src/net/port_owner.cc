#include "port_owner.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>

namespace kalam::net {
namespace {

namespace fs = std::filesystem;

// The socket inodes listening on `port`, from lines such as
//   sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode ...
//   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 12345 ...
void AddListeningInodes(const char* table, std::uint16_t port, std::set<std::string>& inodes) {
  constexpr std::string_view kListen = "0A";
  std::ifstream file(table);
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream columns(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    columns >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >>
        timeout >> inode;
    const auto colon = local.rfind(':');
    if (state != kListen || colon == local.npos) continue;
    unsigned local_port = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), local_port, 16);
    if (local_port == port) inodes.insert("socket:[" + inode + "]");
  }
}

bool HoldsOneOf(const fs::path& process, const std::set<std::string>& sockets) {
  std::error_code ec;
  for (fs::directory_iterator fd(process / "fd", ec), end; !ec && fd != end; fd.increment(ec)) {
    std::error_code unreadable;
    const fs::path target = fs::read_symlink(fd->path(), unreadable);
    if (!unreadable && sockets.contains(target.string())) return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> FindPortOwner(std::uint16_t port) {
  std::set<std::string> sockets;
  AddListeningInodes("/proc/net/tcp", port, sockets);
  AddListeningInodes("/proc/net/tcp6", port, sockets);
  if (sockets.empty()) return std::nullopt;

  std::error_code ec;
  for (fs::directory_iterator entry("/proc", ec), end; !ec && entry != end; entry.increment(ec)) {
    const std::string pid = entry->path().filename().string();
    if (!std::all_of(pid.begin(), pid.end(), [](char c) { return c >= '0' && c <= '9'; })) continue;
    if (!HoldsOneOf(entry->path(), sockets)) continue;
    std::string name;
    std::getline(std::ifstream(entry->path() / "comm") >> std::ws, name);
    return "process '" + name + "' (pid " + pid + ")";
  }
  return std::nullopt;
}

}  // namespace kalam::net
