#include "commands/actions.h"
#include "commands/shell.h"

// A subscription has the terminal while it is shown, and takes \pause, \continue and \unsubscribe itself (live_view.h).
// At the prompt there is none.
namespace kalam::cli::commands {

namespace {

Next NoSubscription(Shell& shell) {
  shell.Say("No active subscription. \\subscribe <query> starts one.\n");
  return Next::kContinue;
}

}  // namespace

Next Subscribe(Shell& shell, std::string_view argument) {
  if (argument.empty()) {
    shell.Say("Usage: \\subscribe <query>\n");
    return Next::kContinue;
  }
  shell.Note(shell.session().Follow(argument));
  return Next::kContinue;
}

Next Unsubscribe(Shell& shell, std::string_view) { return NoSubscription(shell); }
Next Pause(Shell& shell, std::string_view) { return NoSubscription(shell); }
Next Continue(Shell& shell, std::string_view) { return NoSubscription(shell); }

}  // namespace kalam::cli::commands
