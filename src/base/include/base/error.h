#pragma once

#include <string>
#include <string_view>

namespace kalam {

// What a caller can do about a failure. Few on purpose; each maps to one HTTP status and wire code
// in `api/error_map.cc`.
enum class ErrorCode {
  kInvalidArgument,   // the request is wrong; sending it again will not help
  kSyntax,            // the SQL text can't be parsed
  kParameterCount,    // $1..$n and the given parameters don't fit
  kParameterType,     // a parameter's value does not convert to the type that is needed
  kNotFound,          // a named object does not exist
  kAlreadyExists,     // a named object exists
  kConstraint,        // NOT NULL, PRIMARY KEY, type or range rule broken by a value
  kPermissionDenied,  // known identity, not allowed
  kUnauthenticated,   // no or bad credentials
  kConflict,          // a concurrent change won; the same request may succeed if sent again
  kLimitExceeded,     // a configured bound was reached; the message names its key
  kTimeout,           // the statement's time ran out
  kCancelled,         // the client went away
  kUnavailable,       // shutting down, or the store went read-only
  kCorruption,        // stored bytes don't decode
  kIo,                // the operating system refused: disk full, permission, I/O error
  kUnsupported,       // understood, but this server does not do it
  kInternal,          // a failure that no rule above describes
};

std::string_view ToString(ErrorCode code);

// A failure with its story. The message is for the user: it names the thing ("table 'app.notes'") and
// each layer that knows more puts its words in front with `Context`.
class Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // "disk full" becomes "write segment: disk full".
  Error Context(std::string_view what) && {
    message_.insert(0, ": ").insert(0, what);
    return std::move(*this);
  }

  // For logs: "IO: write segment: disk full".
  std::string ToString() const;

 private:
  ErrorCode code_;
  std::string message_;
};

}  // namespace kalam
