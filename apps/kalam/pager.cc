#include "pager.h"

#include "interrupt.h"

#include <poll.h>
#include <unistd.h>

namespace kalam::cli {

bool AskForMore(TextSink* out) {
  constexpr std::string_view kQuestion = "Press Enter for more...";
  out->text() += kQuestion;
  out->Flush();
  const Interrupt interrupt;
  bool more = true;
  while (true) {
    pollfd events[2] = {{interrupt.fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    if (poll(events, 2, -1) < 0) continue;
    if (events[0].revents != 0) return false;
    char key = '\0';
    if (read(STDIN_FILENO, &key, 1) <= 0) return false;
    if (key == 'q' || key == 'Q') more = false;
    if (key == '\n') return more;
  }
}

}  // namespace kalam::cli
