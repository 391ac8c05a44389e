#pragma once

#include "kalam/response.h"

#include <cstddef>
#include <string>
#include <vector>

namespace kalam {
inline namespace link_v1 {

enum class ErrorKind {
  kConnection,      // no connection, or it broke before the answer was complete
  kAuthentication,  // the server does not accept who we say we are (HTTP 401, or 403 outside SQL)
  kSql,             // the server refused or failed a statement
  kInvalidUrl,      // the builder's host is not an http URL or host name
  kInvalidJwt,      // the builder's token has not the form header.payload.signature
  kInvalidRequest,  // the builder or the call got what can't be sent: nothing went to the server
  kTimeout,         // no complete answer within the client's timeout
  kHttp,            // an answer that is neither a result nor one of the server's errors
  kWebSocket,       // the server did not open a live query's socket, or the socket broke; see Client::Subscribe
  kSerialization,   // the answer is not the JSON that the protocol promises
  kSubscription,    // the server refused or ended a subscription; `code` says why
  kCancelled,       // by the Cancellation that the call was given
};

// The name of the kind, such as "connection".
const char* ToString(ErrorKind kind);

// What went wrong, in one value. `message` is meant to be read by a person and stands alone.
struct Error {
  ErrorKind kind = ErrorKind::kConnection;
  std::string code;     // the server's code ("SQL_EXECUTION_ERROR"), else empty
  std::string message;  // never empty
  std::string details;  // for kSql usually the text of the failed statement; may be empty
  int http_status = 0;  // 0 when no answer arrived

  // For kSql: the results of the statements that ran before the one that failed. Their effects stay
  // (unless they were part of a transaction).
  std::vector<StatementResult> completed;
  double took_ms = 0;
  std::size_t failed_index = 0;  // of Client::Batch: which statement failed, from 0
};

}  // namespace link_v1
}  // namespace kalam
