// Runs one .slt script against a server of its own.
//
//   statement ok                 the next lines, up to a blank one, are one request that succeeds
//   statement error <text>       ... that fails with a message that contains <text>
//   query [rowsort]              ... and after `----` come the rows, cells separated by ` | `; for each statement
//                                without rows its message
//   user <id>                    the following requests carry X-USER-ID: <id>; `user` alone: none
//   restart                      SIGTERM, start again on the same data
//
// A `#` at the start of a line begins a comment. Exit status 1 and a report at the first difference.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "support/server_process.h"
#include "support/sql_client.h"

namespace {

using kalam::test::ServerProcess;
using kalam::test::SqlAnswer;
using kalam::test::SqlClient;

class Script {
 public:
  explicit Script(const std::string& path) : path_(path), in_(path) {}

  bool Run() {
    if (!in_) return Report("can't be read");
    server_.Start();
    std::string line;
    while (NextLine(line)) {
      if (line.empty() || line[0] == '#') continue;
      if (!Directive(line)) return false;
    }
    if (checks_ == 0) return Report("checks nothing");
    std::printf("%s: %d checks passed\n", path_.c_str(), checks_);
    return server_.Stop().code == 0 || Report("the server did not stop cleanly");
  }

 private:
  bool NextLine(std::string& line) {
    ++line_number_;
    return static_cast<bool>(std::getline(in_, line));
  }

  bool Report(const std::string& what) {
    std::cerr << path_ << ":" << line_number_ << ": " << what << "\n" << server_.OutputTail(20) << "\n";
    return false;
  }

  bool Directive(const std::string& line) {
    std::istringstream words(line);
    std::string kind, how, rest;
    words >> kind;
    if (kind == "restart") {
      server_.Restart();
      return true;
    }
    if (kind == "user") {
      user_.clear();
      words >> user_;
      return true;
    }
    words >> how;
    std::getline(words >> std::ws, rest);
    ++checks_;
    if (kind == "statement" && how == "ok") return StatementOk();
    if (kind == "statement" && how == "error") return StatementError(rest);
    if (kind == "query") return Query(how == "rowsort");
    return Report("unknown directive: " + line);
  }

  // Up to a blank line, the end, or `----`, which is left out and told in `rows_follow`.
  std::string ReadSql(bool& rows_follow) {
    std::string sql, line;
    rows_follow = false;
    while (NextLine(line) && !line.empty()) {
      if (line == "----") {
        rows_follow = true;
        break;
      }
      sql += (sql.empty() ? "" : "\n") + line;
    }
    return sql;
  }

  SqlAnswer Send(const std::string& sql) { return SqlClient(server_.port(), user_).Run(sql); }

  static std::string Text(const SqlAnswer& answer) {
    std::ostringstream out;
    out << answer;
    return out.str();
  }

  bool StatementOk() {
    bool rows;
    const SqlAnswer answer = Send(ReadSql(rows));
    return answer.ok() || Report("should succeed\n" + Text(answer));
  }

  bool StatementError(const std::string& text) {
    bool rows;
    const SqlAnswer answer = Send(ReadSql(rows));
    if (answer.ok()) return Report("should fail\n" + Text(answer));
    return answer.error().find(text) != std::string::npos || Report("should fail with: " + text + "\n" + Text(answer));
  }

  bool Query(bool sorted) {
    bool rows_follow;
    const SqlAnswer answer = Send(ReadSql(rows_follow));
    std::vector<std::string> expected, actual;
    std::string line;
    while (rows_follow && NextLine(line) && !line.empty()) expected.push_back(line);
    if (!answer.ok()) return Report("should succeed\n" + Text(answer));
    for (std::size_t i = 0; i < answer.results().size(); ++i) {
      if (!answer.result(i)["rows"].exists()) actual.push_back(answer.message(i));
      for (const auto& row : answer.rows(i)) {
        std::string cells;
        for (const auto& cell : row) cells += (cells.empty() ? "" : " | ") + cell;
        actual.push_back(cells);
      }
    }
    if (sorted) {
      std::sort(actual.begin(), actual.end());
      std::sort(expected.begin(), expected.end());
    }
    if (actual == expected) return true;
    std::string shown = "different rows; expected:\n";
    for (const auto& row : expected) shown += "  " + row + "\n";
    shown += "got:\n";
    for (const auto& row : actual) shown += "  " + row + "\n";
    return Report(shown);
  }

  const std::string path_;
  std::ifstream in_;
  int line_number_ = 0;
  int checks_ = 0;
  std::string user_;
  ServerProcess server_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) {
    std::cerr << "usage: slt_runner SCRIPT\n";
    return 2;
  }
  return Script(argv[1]).Run() ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
