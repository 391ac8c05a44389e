#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace kalam::test {

// statement ok [message] | statement count N [message] | statement error [code=C] [text]
struct SltStatement {
  std::string sql;
  bool fails = false;
  std::optional<std::int64_t> count;  // rows affected
  std::string code;                   // error code; empty: any
  std::string text;                   // of the message or error; empty: any; /regex/
};

// query TYPES [rowsort] [columns=a,b] [eventually=5s]
struct SltQuery {
  std::string sql;
  std::string types;  // a letter per column, see tests/sql/README.md
  bool rowsort = false;
  std::optional<std::string> columns;   // comma-separated names to expect
  std::chrono::seconds eventually{0};   // try again for so long
  std::vector<std::string> rows;        // a line each
};

struct SltUser {
  std::string name;  // empty: no X-USER-ID
};
struct SltRestart {
  bool crash = false;  // kill -9 rather than SIGTERM
};

struct SltStep {
  int line = 0;
  std::variant<SltStatement, SltQuery, SltUser, SltRestart> what;
};

struct SltScript {
  std::vector<std::pair<std::string, std::string>> env;  // of the server
  std::vector<SltStep> steps;                            // loops unrolled
};

// Throws std::runtime_error `line 12: ...` for what is no script.
SltScript ParseSlt(std::string_view text);

// A row as scripts write it: cells joined by one blank, runs of blanks made one.
std::string SltRow(const std::vector<std::string>& cells);

}  // namespace kalam::test
