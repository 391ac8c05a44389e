#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

// Where statements end in a text that may still grow, as at a prompt. Apart from splitter.h, and without
// our error types, because the command line uses it too: it has the client library's.
namespace kalam::sql {

// What a text ends inside of.
enum class OpenEnd : std::uint8_t { kNone, kQuote, kBlockComment };

// The same cut as SplitStatements (splitter.h): pieces of only blanks and comments are dropped, the others
// start with their first token and borrow from the text.
struct Script {
  std::vector<std::string_view> statements;  // those that a `;` ended
  std::string_view rest;                     // what follows them; empty for blanks and comments only
  OpenEnd open = OpenEnd::kNone;             // what `rest` ends inside of
};

Script SplitScript(std::string_view text);

}  // namespace kalam::sql
