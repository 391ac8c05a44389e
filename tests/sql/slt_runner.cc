// Runs one .slt script against a server of its own.
//
//   statement ok                 the next lines, up to a blank one, are one request that succeeds
//   statement error <text>       ... that fails with a message that contains <text>
//   query [rowsort]              ... and after `----` come the rows, cells separated by ` | `; for
//   each statement
//                                without rows its message
//   user <id>                    the following requests carry X-USER-ID: <id>; `user` alone: none
//   restart                      SIGTERM, start again on the same data
//
// A `#` at the start of a line begins a comment. Exit status 1 and a report at the first
// difference.
//
// No query can tell where a row lies, so the same script must also pass
//
//   --flushed                    when everything is flushed to Parquet after each statement
//   --mixed                      when it is flushed after some, and files are merged as soon as
//   there are two;
//                                KALAM_SLT_SEED repeats a run
//
// Requests of several statements are then sent one by one, but for transactions and those that
// fail.

#include "support/server_process.h"
#include "support/sql_client.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace {

using kalam::test::ServerOptions;
using kalam::test::ServerProcess;
using kalam::test::SqlAnswer;
using kalam::test::SqlClient;

// When rows leave the hot store.
enum class Flushing { kNever, kAlways, kAtRandom };

ServerOptions OptionsFor(Flushing flushing) {
  ServerOptions options;
  if (flushing == Flushing::kAtRandom) {
    options.env["KALAMDB_COMPACTION_MIN_FILES"] = "2";
    options.env["KALAMDB_COMPACTION_KEEP_FILES_SECONDS"] = "0";
  }
  return options;
}

// Moves all rows of all tables to Parquet and waits for it, and for merges that follow from it.
class Flusher {
 public:
  explicit Flusher(Flushing flushing) : flushing_(flushing) {
    const char* given = std::getenv("KALAM_SLT_SEED");
    seed_ = given != nullptr ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
    random_.seed(seed_);
  }

  std::string Describe() const {
    if (flushing_ == Flushing::kNever) return "";
    std::string text = std::to_string(jobs_) + " tables flushed";
    if (flushing_ == Flushing::kAtRandom) text += ", KALAM_SLT_SEED=" + std::to_string(seed_);
    return text;
  }

  // What went wrong; empty: nothing.
  std::string Next(std::uint16_t port) {
    if (flushing_ == Flushing::kNever) return "";
    if (flushing_ == Flushing::kAtRandom && random_() % 2 == 0) return "";
    SqlClient client(port);
    const SqlAnswer started = client.Run("FLUSH ALL TABLES");
    if (!started.ok()) return "FLUSH ALL TABLES: " + started.error();
    if (started.row_count() <= 0) return "";
    jobs_ += started.row_count();
    return AwaitJobs(client);
  }

 private:
  static std::string AwaitJobs(SqlClient& client) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (client.Run("SELECT count(*) FROM system.jobs WHERE status IN ('pending', 'running')")
               .cell() != "0") {
      if (std::chrono::steady_clock::now() > give_up) return "jobs go on and on";
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    const SqlAnswer failed =
        client.Run("SELECT job_id, error FROM system.jobs WHERE status <> 'completed'");
    if (!failed.ok()) return "system.jobs: " + failed.error();
    std::string errors;
    for (const auto& job : failed.rows()) errors += job[0] + ": " + job[1] + "\n";
    return errors;
  }

  const Flushing flushing_;
  unsigned seed_;
  std::mt19937 random_;
  std::int64_t jobs_ = 0;
};

// The statements of a request that mean the same when they are sent one by one; else the request.
std::vector<std::string> StatementsOf(const std::string& sql) {
  for (const char* whole : {"BEGIN", "START TRANSACTION", "--", "/*"}) {
    if (sql.find(whole) != std::string::npos) return {sql};
  }
  std::vector<std::string> statements(1);
  char quote = '\0';
  for (const char c : sql) {
    if (quote == '\0' && c == ';') {
      statements.emplace_back();
      continue;
    }
    if (c == quote) {
      quote = '\0';  // a doubled quote opens again at once
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    }
    statements.back() += c;
  }
  std::erase_if(statements, [](const std::string& one) {
    return one.find_first_not_of(" \n") == std::string::npos;
  });
  return statements;
}

class Script {
 public:
  Script(const std::string& path, Flushing flushing)
      : path_(path),
        in_(path),
        flushing_(flushing),
        flusher_(flushing),
        server_(OptionsFor(flushing)) {}

  bool Run() {
    if (!in_) return Report("can't be read");
    server_.Start();
    std::string line;
    while (NextLine(line)) {
      if (line.empty() || line[0] == '#') continue;
      if (!Directive(line)) return false;
    }
    if (checks_ == 0) return Report("checks nothing");
    std::printf("%s: %d checks passed; %s\n", path_.c_str(), checks_, flusher_.Describe().c_str());
    return server_.Stop().code == 0 || Report("the server did not stop cleanly");
  }

 private:
  bool NextLine(std::string& line) {
    ++line_number_;
    return static_cast<bool>(std::getline(in_, line));
  }

  bool Report(const std::string& what) {
    std::cerr << path_ << ":" << line_number_ << ": " << what << "\n"
              << server_.OutputTail(20) << "\n"
              << flusher_.Describe() << "\n";
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

  SqlAnswer Send(const std::string& sql) {
    SqlAnswer answer = SqlClient(server_.port(), user_).Run(sql);
    const std::string trouble = flusher_.Next(server_.port());
    if (!trouble.empty())
      throw std::runtime_error(path_ + ":" + std::to_string(line_number_) + ": " + trouble);
    return answer;
  }
  // A request that should succeed, up to the first statement that doesn't.
  std::vector<SqlAnswer> SendAll(const std::string& sql) {
    if (flushing_ == Flushing::kNever) return {Send(sql)};
    std::vector<SqlAnswer> answers;
    for (const std::string& statement : StatementsOf(sql)) {
      answers.push_back(Send(statement));
      if (!answers.back().ok()) break;
    }
    return answers;
  }

  static std::string Text(const SqlAnswer& answer) {
    std::ostringstream out;
    out << answer;
    return out.str();
  }

  bool StatementOk() {
    bool rows;
    const std::vector<SqlAnswer> answers = SendAll(ReadSql(rows));
    return answers.back().ok() || Report("should succeed\n" + Text(answers.back()));
  }

  bool StatementError(const std::string& text) {
    bool rows;
    const SqlAnswer answer = Send(ReadSql(rows));
    if (answer.ok()) return Report("should fail\n" + Text(answer));
    return answer.error().find(text) != std::string::npos ||
           Report("should fail with: " + text + "\n" + Text(answer));
  }

  bool Query(bool sorted) {
    bool rows_follow;
    const std::vector<SqlAnswer> answers = SendAll(ReadSql(rows_follow));
    std::vector<std::string> expected, actual;
    std::string line;
    while (rows_follow && NextLine(line) && !line.empty()) expected.push_back(line);
    if (!answers.back().ok()) return Report("should succeed\n" + Text(answers.back()));
    for (const SqlAnswer& answer : answers) AppendRows(answer, actual);
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

  static void AppendRows(const SqlAnswer& answer, std::vector<std::string>& out) {
    for (std::size_t i = 0; i < answer.results().size(); ++i) {
      if (!answer.result(i)["rows"].exists()) out.push_back(answer.message(i));
      for (const auto& row : answer.rows(i)) {
        std::string cells;
        for (const auto& cell : row) cells += (cells.empty() ? "" : " | ") + cell;
        out.push_back(cells);
      }
    }
  }

  const std::string path_;
  std::ifstream in_;
  const Flushing flushing_;
  int line_number_ = 0;
  int checks_ = 0;
  std::string user_;
  Flusher flusher_;
  ServerProcess server_;
};

int Usage() {
  std::cerr << "usage: slt_runner [--flushed | --mixed] SCRIPT\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) try {
  const std::vector<std::string> args(argv + 1, argv + argc);
  Flushing flushing = Flushing::kNever;
  if (args.empty() || args.size() > 2) return Usage();
  if (args.size() == 2) {
    if (args[0] != "--flushed" && args[0] != "--mixed") return Usage();
    flushing = args[0] == "--flushed" ? Flushing::kAlways : Flushing::kAtRandom;
  }
  return Script(args.back(), flushing).Run() ? 0 : 1;
} catch (const std::exception& e) {
  std::cerr << e.what() << "\n";
  return 1;
}
