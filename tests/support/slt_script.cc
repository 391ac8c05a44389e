#include "support/slt_script.h"

#include <algorithm>
#include <sstream>
#include <stdexcept>

namespace kalam::test {
namespace {

std::string Trim(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r");
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1));
}

// Takes the first word off `text`.
std::string TakeWord(std::string& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  std::string word = text.substr(0, end);
  text = Trim(std::string_view(text).substr(end));
  return word;
}

std::string OneBlank(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (!blank) {
      out.push_back(c);
    } else if (!out.empty() && out.back() != ' ') {
      out.push_back(' ');
    }
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string ReplaceAll(std::string text, std::string_view from, std::string_view to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size()) {
    text.replace(at, from.size(), to);
  }
  return text;
}

class SltParser {
 public:
  explicit SltParser(std::string_view text) {
    std::istringstream in{std::string(text)};
    for (std::string line; std::getline(in, line);) lines_.push_back(line);
  }

  SltScript Parse() {
    while (at_ < lines_.size()) ParseStep();
    if (loop_) Fail("a loop without endloop");
    return std::move(script_);
  }

 private:
  struct Loop {
    std::string variable;
    int first = 0;
    int last = 0;
    std::size_t begin = 0;  // its first step
  };

  [[noreturn]] void Fail(const std::string& what) const {
    throw std::runtime_error("line " + std::to_string(at_) + ": " + what);
  }

  void ParseStep() {
    std::string rest = Trim(lines_[at_++]);
    if (rest.empty() || rest[0] == '#') return;
    const int line = static_cast<int>(at_);
    const std::string word = TakeWord(rest);
    if (word == "statement") {
      Add(line, ParseStatement(rest));
    } else if (word == "query") {
      Add(line, ParseQuery(rest));
    } else if (word == "user") {
      Add(line, SltUser{rest});
    } else if (word == "restart") {
      Add(line, SltRestart{});
    } else if (word == "crash") {
      Add(line, SltRestart{.crash = true});
    } else if (word == "env") {
      const std::size_t equals = rest.find('=');
      if (equals == std::string::npos) Fail("env needs NAME=VALUE");
      script_.env.emplace_back(rest.substr(0, equals), rest.substr(equals + 1));
    } else if (word == "loop") {
      BeginLoop(rest);
    } else if (word == "endloop") {
      EndLoop();
    } else {
      Fail("unknown directive '" + word + "'");
    }
  }

  void Add(int line, decltype(SltStep::what) what) {
    script_.steps.push_back({.line = line, .what = std::move(what)});
  }

  // Lines up to an empty one; `----` ends them too where results may follow.
  std::string TakeSql(bool until_results) {
    std::string sql;
    while (at_ < lines_.size() && !Trim(lines_[at_]).empty()) {
      if (until_results && lines_[at_] == "----") break;
      sql += (sql.empty() ? "" : "\n") + lines_[at_++];
    }
    if (sql.empty()) Fail("no SQL");
    return sql;
  }

  SltStatement ParseStatement(std::string rest) {
    SltStatement statement;
    const std::string outcome = TakeWord(rest);
    if (outcome == "count") {
      statement.count = std::stoll(TakeWord(rest));
    } else if (outcome == "error") {
      statement.fails = true;
      if (rest.starts_with("code=")) statement.code = TakeWord(rest).substr(5);
    } else if (outcome != "ok") {
      Fail("a statement is ok, count or error");
    }
    statement.text = rest;
    statement.sql = TakeSql(false);
    return statement;
  }

  SltQuery ParseQuery(std::string rest) {
    SltQuery query;
    query.types = TakeWord(rest);
    while (!rest.empty()) {
      const std::string option = TakeWord(rest);
      if (option == "rowsort") {
        query.rowsort = true;
      } else if (option.starts_with("columns=")) {
        query.columns = option.substr(8);
      } else if (option.starts_with("eventually=")) {
        query.eventually = std::chrono::seconds(std::stoi(option.substr(11)));
      } else {
        Fail("unknown option '" + option + "'");
      }
    }
    query.sql = TakeSql(true);
    if (at_ < lines_.size() && lines_[at_] == "----") ++at_;
    while (at_ < lines_.size() && !Trim(lines_[at_]).empty()) {
      query.rows.push_back(OneBlank(lines_[at_++]));
    }
    return query;
  }

  void BeginLoop(std::string rest) {
    if (loop_) Fail("loops don't nest");
    loop_ = Loop{.variable = "${" + TakeWord(rest) + "}", .begin = script_.steps.size()};
    loop_->first = std::stoi(TakeWord(rest));
    loop_->last = std::stoi(TakeWord(rest));
  }

  void EndLoop() {
    if (!loop_) Fail("endloop without a loop");
    const auto begin = script_.steps.begin() + static_cast<std::ptrdiff_t>(loop_->begin);
    const std::vector<SltStep> body(begin, script_.steps.end());
    script_.steps.erase(begin, script_.steps.end());
    for (int i = loop_->first; i <= loop_->last; ++i) {
      for (SltStep step : body) {
        const std::string value = std::to_string(i);
        if (auto* statement = std::get_if<SltStatement>(&step.what)) {
          statement->sql = ReplaceAll(statement->sql, loop_->variable, value);
        } else if (auto* query = std::get_if<SltQuery>(&step.what)) {
          query->sql = ReplaceAll(query->sql, loop_->variable, value);
          for (std::string& row : query->rows) row = ReplaceAll(row, loop_->variable, value);
        }
        script_.steps.push_back(std::move(step));
      }
    }
    loop_.reset();
  }

  std::vector<std::string> lines_;
  std::size_t at_ = 0;  // the line to read next; as a 1-based number, the one read last
  SltScript script_;
  std::optional<Loop> loop_;
};

}  // namespace

SltScript ParseSlt(std::string_view text) { return SltParser(text).Parse(); }

std::string SltRow(const std::vector<std::string>& cells) {
  std::string row;
  for (const std::string& cell : cells) {
    if (!row.empty()) row += ' ';
    row += cell.empty() ? "(empty)" : cell;
  }
  return OneBlank(row);
}

}  // namespace kalam::test
