// kalam-reference FOLDER: writes man pages and shell completions of `kalam` and `kalamdb-server` there, from the
// parsers that the programs themselves use. Runs in the build; it is not installed.

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "command_line.h"
#include "command_tree.h"
#include "flags.h"
#include "pages.h"

namespace {

namespace fs = std::filesystem;
using kalam::reference::Command;

bool Write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream out(file, std::ios::binary);
  out << text;
  out.close();
  if (!out) std::cerr << "kalam-reference: cannot write " << file.string() << "\n";
  return static_cast<bool>(out);
}

bool WriteAll(const fs::path& folder, const Command& command, const std::string& other,
              const std::vector<std::string>& aliases) {
  const std::string& name = command.name;
  bool ok = Write(folder / "man" / (name + ".1"), kalam::reference::ManPage(command, KALAM_VERSION, other));
  for (const std::string& alias : aliases) ok &= Write(folder / "man" / (alias + ".1"), ".so man1/" + name + ".1\n");
  ok &= Write(folder / "bash" / name, kalam::reference::BashCompletion(command, aliases));
  ok &= Write(folder / "zsh" / ("_" + name), kalam::reference::ZshCompletion(command, aliases));
  ok &= Write(folder / "fish" / (name + ".fish"), kalam::reference::FishCompletion(command, aliases));
  return ok;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: kalam-reference FOLDER\n";
    return 2;
  }
  const kalam::cli::CommandLine client;
  const kalam::server::Flags server;
  const bool ok = WriteAll(argv[1], kalam::reference::ReadCommand(client.app), "kalamdb\\-server", {"kalam-cli"}) &&
                  WriteAll(argv[1], kalam::reference::ReadCommand(server.app), "kalam", {});
  return ok ? 0 : 1;
}
