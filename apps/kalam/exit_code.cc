#include "exit_code.h"

#include <utility>

namespace kalam::cli {

ExitCode ExitCodeOf(const Error& error) {
  switch (error.kind) {
    case ErrorKind::kSql:
    case ErrorKind::kSubscription:
      return ExitCode::kSqlError;
    case ErrorKind::kInvalidRequest:
      // With a code: a statement that the library refused in the server's place.
      return error.code.empty() ? ExitCode::kUsage : ExitCode::kSqlError;
    case ErrorKind::kInvalidUrl:
      return ExitCode::kUsage;
    case ErrorKind::kWebSocket:
      // With a status: what answers knows no live queries.
      return error.http_status == 0 ? ExitCode::kConnection : ExitCode::kProtocol;
    case ErrorKind::kConnection:
    case ErrorKind::kTimeout:
      return ExitCode::kConnection;
    case ErrorKind::kAuthentication:
    case ErrorKind::kInvalidJwt:
      return ExitCode::kAuthentication;
    case ErrorKind::kCancelled:
      return ExitCode::kInterrupted;
    case ErrorKind::kHttp:
    case ErrorKind::kSerialization:
      break;
  }
  return ExitCode::kProtocol;
}

std::string CodeOf(const Error& error) {
  if (!error.code.empty()) return error.code;
  switch (error.kind) {
    case ErrorKind::kConnection:
      return "CONNECTION_FAILED";
    case ErrorKind::kAuthentication:
      return "AUTHENTICATION_FAILED";
    case ErrorKind::kSql:
      return "SQL_ERROR";
    case ErrorKind::kInvalidUrl:
      return "INVALID_URL";
    case ErrorKind::kInvalidJwt:
      return "INVALID_TOKEN";
    case ErrorKind::kInvalidRequest:
      return "USAGE";
    case ErrorKind::kTimeout:
      return "TIMEOUT";
    case ErrorKind::kHttp:
      return "HTTP_ERROR";
    case ErrorKind::kWebSocket:
      return "WEBSOCKET_FAILED";
    case ErrorKind::kSerialization:
      return "INVALID_ANSWER";
    case ErrorKind::kSubscription:
      return "SUBSCRIPTION_FAILED";
    case ErrorKind::kCancelled:
      return "CANCELLED";
  }
  return "ERROR";
}

Error UsageError(std::string message) {
  Error error;
  error.kind = ErrorKind::kInvalidRequest;
  error.message = std::move(message);
  return error;
}

}  // namespace kalam::cli
