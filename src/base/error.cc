#include "base/error.h"

#include <cstdio>
#include <cstdlib>

#include "base/check.h"

namespace kalam {

void CheckFailed(std::string_view file, int line, std::string_view condition,
                 std::string_view message) {
  std::fprintf(stderr, "%.*s:%d: check failed: %.*s: %.*s\n", static_cast<int>(file.size()),
               file.data(), line, static_cast<int>(condition.size()), condition.data(),
               static_cast<int>(message.size()), message.data());
  std::abort();
}

std::string_view ToString(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "INVALID_ARGUMENT";
    case ErrorCode::kSyntax: return "SYNTAX";
    case ErrorCode::kParameterCount: return "PARAMETER_COUNT";
    case ErrorCode::kParameterType: return "PARAMETER_TYPE";
    case ErrorCode::kNotFound: return "NOT_FOUND";
    case ErrorCode::kAlreadyExists: return "ALREADY_EXISTS";
    case ErrorCode::kConstraint: return "CONSTRAINT";
    case ErrorCode::kPermissionDenied: return "PERMISSION_DENIED";
    case ErrorCode::kUnauthenticated: return "UNAUTHENTICATED";
    case ErrorCode::kConflict: return "CONFLICT";
    case ErrorCode::kLimitExceeded: return "LIMIT_EXCEEDED";
    case ErrorCode::kTimeout: return "TIMEOUT";
    case ErrorCode::kCancelled: return "CANCELLED";
    case ErrorCode::kUnavailable: return "UNAVAILABLE";
    case ErrorCode::kCorruption: return "CORRUPTION";
    case ErrorCode::kIo: return "IO";
    case ErrorCode::kUnsupported: return "UNSUPPORTED";
    case ErrorCode::kInternal: return "INTERNAL";
  }
  return "UNKNOWN";
}

std::string Error::ToString() const {
  return std::string(kalam::ToString(code_)) + ": " + message_;
}

}  // namespace kalam
