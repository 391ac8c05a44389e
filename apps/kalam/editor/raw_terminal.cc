#include "editor/raw_terminal.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

namespace kalam::cli {

namespace {

constexpr std::string_view kPasteOn = "\x1b[?2004h";
constexpr std::string_view kPasteOff = "\x1b[?2004l\x1b[?25h";

constexpr int kFatal[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
constexpr std::size_t kFatalCount = sizeof(kFatal) / sizeof(kFatal[0]);

// For handlers, which know nothing else. Written before they are installed.
termios g_before;
int g_resized = -1;  // an eventfd: any thread's handler wakes the one that reads
struct sigaction g_old_resize;
struct sigaction g_old_fatal[kFatalCount];

void OnResize(int /*signal*/) {
  const int error = errno;
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(g_resized, &one, sizeof(one));
  errno = error;
}

void OnFatal(int signal) {
  tcsetattr(STDIN_FILENO, TCSANOW, &g_before);
  [[maybe_unused]] const ssize_t written = write(STDOUT_FILENO, kPasteOff.data(), kPasteOff.size());
  struct sigaction standard{};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, nullptr);
  raise(signal);
}

}  // namespace

bool RawTerminal::Usable() {
  const char* term = std::getenv("TERM");
  return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 && term != nullptr && *term != '\0' &&
         std::strcmp(term, "dumb") != 0;
}

RawTerminal::RawTerminal() {
  if (g_resized < 0) g_resized = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  Enter();
}

RawTerminal::~RawTerminal() { Leave(); }

void RawTerminal::Enter() {
  if (entered_ || tcgetattr(STDIN_FILENO, &g_before) != 0) return;
  struct sigaction resize{};
  resize.sa_handler = OnResize;
  resize.sa_flags = SA_RESTART;
  sigaction(SIGWINCH, &resize, &g_old_resize);
  struct sigaction fatal{};
  fatal.sa_handler = OnFatal;
  fatal.sa_flags = SA_NODEFER;  // raised again from within
  for (std::size_t i = 0; i < kFatalCount; ++i) {
    sigaction(kFatal[i], &fatal, &g_old_fatal[i]);
    // Who starts us may have chosen to ignore it (nohup).
    if (g_old_fatal[i].sa_handler == SIG_IGN) sigaction(kFatal[i], &g_old_fatal[i], nullptr);
  }
  termios raw = g_before;
  raw.c_iflag &= ~static_cast<tcflag_t>(BRKINT | ICRNL | INLCR | IGNCR | INPCK | ISTRIP | IXON);
  raw.c_cflag |= CS8;
  raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | IEXTEN | ISIG);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  // What was typed ahead stays.
  tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  Write(kPasteOn);
  entered_ = true;
}

void RawTerminal::Leave() {
  if (!entered_) return;
  entered_ = false;
  Write(kPasteOff);
  tcsetattr(STDIN_FILENO, TCSADRAIN, &g_before);
  for (std::size_t i = 0; i < kFatalCount; ++i) sigaction(kFatal[i], &g_old_fatal[i], nullptr);
  sigaction(SIGWINCH, &g_old_resize, nullptr);
}

RawTerminal::Event RawTerminal::Wait(std::optional<std::chrono::milliseconds> time, std::string* bytes) {
  pollfd waits[2] = {{STDIN_FILENO, POLLIN, 0}, {g_resized, POLLIN, 0}};
  for (;;) {
    const int ready = poll(waits, 2, time ? static_cast<int>(time->count()) : -1);
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) return Event::kClosed;
    if (ready == 0) return Event::kTimeout;
    if ((waits[1].revents & POLLIN) != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = read(g_resized, &count, sizeof(count));
      return Event::kResized;
    }
    char piece[4096];
    const ssize_t got = read(STDIN_FILENO, piece, sizeof(piece));
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got <= 0) return Event::kClosed;
    bytes->append(piece, static_cast<std::size_t>(got));
    return Event::kBytes;
  }
}

bool RawTerminal::HasInput() const {
  pollfd wait{STDIN_FILENO, POLLIN, 0};
  return poll(&wait, 1, 0) > 0 && (wait.revents & POLLIN) != 0;
}

void RawTerminal::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EAGAIN) {
      pollfd wait{STDOUT_FILENO, POLLOUT, 0};
      poll(&wait, 1, -1);
      continue;
    }
    if (written <= 0) return;  // the terminal is gone: reading tells
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

TerminalSize RawTerminal::Size() const {
  winsize size{};
  TerminalSize result;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return result;
  if (size.ws_row > 0) result.rows = size.ws_row;
  if (size.ws_col > 0) result.columns = size.ws_col;
  return result;
}

void RawTerminal::Suspend() {
  Leave();
  kill(0, SIGTSTP);
  Enter();
}

}  // namespace kalam::cli
