#include "login_command.h"

#include "config.h"
#include "interrupt.h"
#include "text_width.h"

#include <cstdio>
#include <string>

#include <fcntl.h>
#include <poll.h>
#include <termios.h>
#include <unistd.h>

namespace kalam::cli {

namespace {

constexpr std::size_t kMaxPasswordBytes = 4096;

// Up to the end of the line. nullopt: the input ended before, or Ctrl+C.
std::optional<std::string> ReadLineOf(int file, const Interrupt& interrupt) {
  std::string line;
  while (line.size() < kMaxPasswordBytes) {
    pollfd events[2] = {{interrupt.fd(), POLLIN, 0}, {file, POLLIN, 0}};
    if (poll(events, 2, -1) < 0) continue;
    if (events[0].revents != 0) return std::nullopt;
    char c = '\0';
    if (read(file, &c, 1) <= 0) {
      if (line.empty()) return std::nullopt;
      return line;
    }
    if (c == '\n') break;
    if (c != '\r') line.push_back(c);
  }
  return line;
}

// The terminal itself, whatever standard input is; what is typed is not shown.
std::optional<std::string> AskForPassword(const std::string& user) {
  const int terminal = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (terminal < 0) return std::nullopt;
  std::optional<std::string> password;
  termios before{};
  if (tcgetattr(terminal, &before) == 0) {
    const Interrupt interrupt;
    termios silent = before;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    tcsetattr(terminal, TCSAFLUSH, &silent);
    const std::string question = "Password for " + ToDisplayText(user).text + ": ";
    [[maybe_unused]] auto shown = write(terminal, question.data(), question.size());
    password = ReadLineOf(terminal, interrupt);
    shown = write(terminal, "\n", 1);
    tcsetattr(terminal, TCSAFLUSH, &before);
  }
  close(terminal);
  return password;
}

ExitCode Fail(Printer& printer, const Error& error) {
  printer.PrintError(error);
  return ExitCodeOf(error);
}

}  // namespace

ExitCode RunLogin(const Client& client, const Settings& settings, const LoginOptions& login,
                  const std::optional<std::filesystem::path>& config_path, Printer& printer) {
  const std::string& user = login.user.empty() ? settings.user_id : login.user;
  if (user.empty()) return Fail(printer, UsageError("whose token? kalam login USER"));
  if (!config_path) return Fail(printer, UsageError("there is no home directory to keep the token in; give --config"));
  const auto password = login.password_stdin ? ReadLineOf(STDIN_FILENO, Interrupt()) : AskForPassword(user);
  if (!password) {
    return Fail(printer, UsageError(login.password_stdin ? "no password on standard input"
                                                         : "no password; without a terminal, --password-stdin"));
  }
  const auto answer = client.Login(user, *password);
  if (!answer) return Fail(printer, answer.error());
  if (const auto stored = StoreLogin(*config_path, client.url(), answer->access_token); !stored) {
    return Fail(printer, stored.error());
  }
  std::printf("Logged in to %s as %s (%s); the token is in %s and holds for %lld minutes.\n", client.url().c_str(),
              ToDisplayText(answer->user_id).text.c_str(), ToDisplayText(answer->role).text.c_str(),
              config_path->c_str(), static_cast<long long>(answer->expires_in.count() / 60));
  return ExitCode::kOk;
}

}  // namespace kalam::cli
