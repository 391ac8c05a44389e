#include "support/slt_runner.h"

#include <algorithm>
#include <regex>
#include <thread>

namespace kalam::test {
namespace {

// How often a query that may come true `eventually` is asked again.
constexpr std::chrono::milliseconds kAskAgainAfter{100};

ServerOptions OptionsOf(const SltScript& script) {
  ServerOptions options;
  options.env.insert(script.env.begin(), script.env.end());
  return options;
}

bool Matches(const std::string& text, const std::string& expected) {
  if (expected.size() > 1 && expected.front() == '/' && expected.back() == '/') {
    return std::regex_search(text, std::regex(expected.substr(1, expected.size() - 2)));
  }
  return text.find(expected) != std::string::npos;
}

bool HasType(const Json& cell, char type) {
  if (cell.is_null() || type == '?') return cell.exists();
  switch (type) {
    case 'I':
      return cell.is_integer();
    case 'R':
      return cell.is_number();
    case 'T':
      return cell.is_string();
    case 'B':
      return cell.is_bool();
    default:
      return false;
  }
}

std::string Join(const std::vector<std::string>& texts, std::string_view separator) {
  std::string joined;
  for (const std::string& text : texts) {
    if (&text != texts.data()) joined += separator;
    joined += text;
  }
  return joined;
}

// Empty if the answer is what the query expects, else what is different.
std::string Difference(const SqlAnswer& answer, const SltQuery& query) {
  if (!answer.ok()) return "expected rows";
  if (query.columns && Join(answer.columns(), ",") != *query.columns) {
    return "expected the columns " + *query.columns;
  }
  if (answer.columns().size() != query.types.size()) {
    return "expected " + std::to_string(query.types.size()) + " columns";
  }
  const auto names = answer.columns();
  for (const Json& row : answer.result()["rows"].items()) {
    for (std::size_t i = 0; i < names.size(); ++i) {
      if (!HasType(row[names[i]], query.types[i])) {
        return "column " + names[i] + " is not of type " + query.types[i];
      }
    }
  }
  std::vector<std::string> rows;
  for (const auto& cells : answer.rows()) rows.push_back(SltRow(cells));
  std::vector<std::string> expected = query.rows;
  if (query.rowsort) {
    std::sort(rows.begin(), rows.end());
    std::sort(expected.begin(), expected.end());
  }
  if (rows != expected) {
    return "expected the rows\n  " + Join(expected, "\n  ") + "\ngot\n  " + Join(rows, "\n  ");
  }
  if (answer.row_count() != static_cast<std::int64_t>(rows.size())) {
    return "row_count differs from the number of rows";
  }
  return {};
}

}  // namespace

SltRunner::SltRunner(SltScript script, std::ostream& report)
    : script_(std::move(script)), report_(report), server_(OptionsOf(script_)) {}

int SltRunner::Run() {
  server_.Start();
  client_ = SqlClient(server_.port());
  for (const SltStep& step : script_.steps) {
    line_ = step.line;
    try {
      std::visit([this](const auto& what) { Do(what); }, step.what);
    } catch (const std::exception& error) {
      report_ << "line " << line_ << ": " << error.what() << "\n";
      ++failures_;
      if (!server_.running()) break;
      client_ = SqlClient(server_.port(), user_);
    }
  }
  if (failures_ > 0) {
    report_ << failures_ << " failed; the server's output ends with\n" << server_.OutputTail();
  }
  return failures_;
}

void SltRunner::Fail(const std::string& why, const SqlAnswer& answer) {
  ++failures_;
  report_ << "line " << line_ << ": " << why << "\n" << answer << "\n\n";
}

void SltRunner::Do(const SltStatement& statement) {
  const SqlAnswer answer = client_.Run(statement.sql);
  if (answer.ok() == statement.fails) {
    return Fail(statement.fails ? "expected an error" : "expected success", answer);
  }
  if (!Matches(statement.fails ? answer.error() : answer.message(), statement.text)) {
    Fail("expected the text " + statement.text, answer);
  }
  if (statement.count && answer.row_count() != *statement.count) {
    Fail("expected row_count " + std::to_string(*statement.count), answer);
  }
  if (!statement.code.empty() && answer.code() != statement.code) {
    Fail("expected the code " + statement.code, answer);
  }
}

void SltRunner::Do(const SltQuery& query) {
  const auto deadline = std::chrono::steady_clock::now() + query.eventually;
  for (;;) {
    const SqlAnswer answer = client_.Run(query.sql);
    const std::string difference = Difference(answer, query);
    if (difference.empty()) return;
    if (std::chrono::steady_clock::now() >= deadline) return Fail(difference, answer);
    std::this_thread::sleep_for(kAskAgainAfter);
  }
}

void SltRunner::Do(const SltUser& user) {
  user_ = user.name;
  client_.set_user(user_);
}

void SltRunner::Do(const SltRestart& restart) {
  if (restart.crash) {
    server_.Kill();
    server_.Start();
  } else {
    server_.Restart();
  }
  client_ = SqlClient(server_.port(), user_);
}

}  // namespace kalam::test
