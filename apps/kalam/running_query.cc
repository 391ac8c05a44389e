#include "running_query.h"

#include "interrupt.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <thread>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace kalam::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::array<const char*, 10> kFrames = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr std::chrono::milliseconds kFrameTime{80};

// A line that is drawn over and over, and leaves nothing behind.
class Spinner {
 public:
  ~Spinner() {
    if (frame_ == 0) return;
    std::fputs("\r\x1b[K", stdout);
    std::fflush(stdout);
  }
  void Draw(Clock::duration elapsed) {
    const double seconds = std::chrono::duration<double>(elapsed).count();
    std::printf("\r%s Executing query... %.1fs\x1b[K", kFrames[frame_++ % kFrames.size()], seconds);
    std::fflush(stdout);
  }

 private:
  std::size_t frame_ = 0;
};

Result<Response> RunWatched(const Client& client, std::string_view sql, const QueryDisplay& display) {
  const auto started = Clock::now();
  Interrupt interrupt;
  const Cancellation cancellation;
  const int done = eventfd(0, EFD_CLOEXEC);
  std::optional<Result<Response>> answer;
  std::thread query([&] {
    answer.emplace(client.Query(sql, {}, {.cancellation = cancellation}));
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = write(done, &one, sizeof(one));
  });
  {
    Spinner spinner;
    auto wait = display.spinner_after;
    while (true) {
      pollfd events[2] = {{done, POLLIN, 0}, {interrupt.fd(), POLLIN, 0}};
      const int ready = poll(events, 2, static_cast<int>(wait.count()));
      if (events[0].revents != 0) break;
      if (ready > 0 && events[1].revents != 0) {
        interrupt.Clear();
        cancellation.Cancel();
      }
      wait = kFrameTime;
      if (ready == 0) spinner.Draw(Clock::now() - started);
    }
  }
  query.join();
  close(done);
  return *std::move(answer);
}

}  // namespace

Result<Response> RunQuery(const Client& client, std::string_view sql, const QueryDisplay& display) {
  return isatty(STDOUT_FILENO) != 0 ? RunWatched(client, sql, display) : client.Query(sql);
}

}  // namespace kalam::cli
