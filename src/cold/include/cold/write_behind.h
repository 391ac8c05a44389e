#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>

namespace kalam::cold {

// Has the system bring a file to its disk while another hand still writes it. What is left for the sync at its end is
// then little: a whole file at once would keep the disk from the syncs of the write-ahead log that wait behind it.
//
// Only ever a hint: what goes wrong here, the sync will say. It asks for no outcome, which would count as having told
// the error, and keeps the file open to its own end, so that the system can't forget the error before.
class WriteBehind {
 public:
  explicit WriteBehind(std::filesystem::path file);
  ~WriteBehind();
  WriteBehind(const WriteBehind&) = delete;
  WriteBehind& operator=(const WriteBehind&) = delete;

  // To be called as the file grows; before it exists nothing happens.
  void Look();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kalam::cold
