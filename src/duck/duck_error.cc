#include "duck_error.h"

#include <cctype>
#include <optional>
#include <string>
#include <utility>

#include "base/log.h"

namespace kalam::duck {
namespace {

// The text between `before` and `after`, if the message has both.
std::optional<std::string> Between(std::string_view message, std::string_view before, std::string_view after) {
  const std::size_t at = message.find(before);
  if (at == std::string_view::npos) return std::nullopt;
  const std::size_t begin = at + before.size();
  const std::size_t end = message.find(after, begin);
  if (end == std::string_view::npos) return std::nullopt;
  return std::string(message.substr(begin, end - begin));
}

// The engine adds the statement with a caret, and hints: `LINE 1: SELECT ...`, `Candidate bindings: ...`.
std::string FirstParagraph(std::string message) {
  for (const char* tail : {"\n\nLINE ", "\nLINE ", "\n\n", "\nDid you mean", "\nCandidate bindings"}) {
    if (const auto at = message.find(tail); at != std::string::npos) message.resize(at);
  }
  return message;
}

Error PostgresStyle(ErrorCode code, std::string message) {
  if (!message.starts_with("ERROR: ")) message.insert(0, "ERROR: ");
  return Error(code, std::move(message));
}

void ReplaceAll(std::string& text, std::string_view what, std::string_view with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
}

// The engine says `No function matches the given name and argument types '~~(VARCHAR, INTEGER_LITERAL)'.` and lists
// all that would.
std::optional<std::string> NoOverload(std::string_view message) {
  auto call = Between(message, "No function matches the given name and argument types '", "'. ");
  const std::size_t end = call ? call->find('(') : std::string::npos;
  if (end == std::string::npos || end == 0) return std::nullopt;
  for (const auto& [type, name] : {std::pair("INTEGER_LITERAL", "INTEGER"), std::pair("STRING_LITERAL", "TEXT"),
                                   std::pair("VARCHAR", "TEXT"), std::pair("TIMESTAMP WITH TIME ZONE", "TIMESTAMP")}) {
    ReplaceAll(*call, type, name);
  }
  std::string name = call->substr(0, end);
  const bool is_function = std::isalnum(static_cast<unsigned char>(name.front())) != 0 || name.front() == '_';
  for (const auto& [symbol, word] : {std::pair("~~", "LIKE"), std::pair("!~~", "NOT LIKE"), std::pair("~~*", "ILIKE"),
                                     std::pair("!~~*", "NOT ILIKE")}) {
    if (name == symbol) name = word;
  }
  return (is_function ? "function " : "operator ") + name + " does not take " + call->substr(end) + "; a cast may help";
}

Error NameError(const std::string& message, const ErrorTexts& texts) {
  if (auto overload = NoOverload(message)) return PostgresStyle(ErrorCode::kInvalidArgument, *std::move(overload));
  if (const auto column = Between(message, "Referenced column \"", "\"")) return texts.unknown_column(*column);
  if (message.find("does not have a column named") != std::string::npos) {
    if (const auto column = Between(message, "does not have a column named \"", "\"")) {
      return texts.unknown_column(*column);
    }
  }
  if (const auto table = Between(message, "Referenced table \"", "\"")) return texts.unknown_relation(*table);
  if (const auto table = Between(message, "Table with name ", " does not exist")) {
    return texts.unknown_relation(*table);
  }
  return PostgresStyle(ErrorCode::kInvalidArgument, FirstParagraph(message));
}

Error SyntaxError(const std::string& message, const ErrorTexts& texts, std::string_view statement) {
  if (const auto token = Between(message, "syntax error at or near \"", "\"\n")) {
    return texts.syntax_error(*token, statement);
  }
  if (const auto token = Between(message + "\"", "syntax error at or near \"", "\"")) {
    return texts.syntax_error(*token, statement);
  }
  if (message.find("syntax error at end of input") != std::string::npos) {
    return texts.syntax_error("end of input", statement);
  }
  if (message.starts_with("Max expression depth limit")) {
    return Error(ErrorCode::kLimitExceeded, "ERROR: statement is nested deeper than limits.max_nesting_depth allows");
  }
  return PostgresStyle(ErrorCode::kSyntax, FirstParagraph(message));
}

}  // namespace

Error NeedsMoreMemory() {
  return Error(ErrorCode::kLimitExceeded, "ERROR: statement needs more memory than limits.statement_memory allows");
}

Error ToError(const duckdb::ErrorData& error, const ErrorTexts& texts, std::string_view statement) {
  const std::string& message = error.RawMessage();
  using duckdb::ExceptionType;
  switch (error.Type()) {
    case ExceptionType::PARSER:
    case ExceptionType::SYNTAX: return SyntaxError(message, texts, statement);
    case ExceptionType::BINDER:
    case ExceptionType::CATALOG: return NameError(message, texts);
    case ExceptionType::OUT_OF_MEMORY: return NeedsMoreMemory();
    case ExceptionType::INTERRUPT: return Error(ErrorCode::kTimeout, "ERROR: statement was interrupted");
    case ExceptionType::CONVERSION:
    case ExceptionType::OUT_OF_RANGE:
    case ExceptionType::DIVIDE_BY_ZERO:
    case ExceptionType::DECIMAL:
    case ExceptionType::MISMATCH_TYPE: return PostgresStyle(ErrorCode::kConstraint, FirstParagraph(message));
    case ExceptionType::PERMISSION:
      return Error(ErrorCode::kPermissionDenied, "ERROR: permission denied");
    case ExceptionType::INTERNAL:
    case ExceptionType::FATAL:
      log::Error("duck", "engine failure: " + message);
      return Error(ErrorCode::kInternal, "ERROR: the query engine failed; the server's log has the details");
    default: return PostgresStyle(ErrorCode::kInvalidArgument, FirstParagraph(message));
  }
}

Error ToError(const std::exception& exception, const ErrorTexts& texts, std::string_view statement) {
  if (dynamic_cast<const std::bad_alloc*>(&exception) != nullptr) return NeedsMoreMemory();
  return ToError(duckdb::ErrorData(exception), texts, statement);
}

}  // namespace kalam::duck
