#include "api/error_map.h"

namespace kalam::api {

WireError ToWireError(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kConstraint:
    case ErrorCode::kUnsupported: return {400, "SQL_EXECUTION_ERROR"};
    case ErrorCode::kSyntax: return {400, "INVALID_SQL"};
    case ErrorCode::kParameterCount: return {400, "PARAM_COUNT_MISMATCH"};
    case ErrorCode::kParameterType: return {400, "PARAM_TYPE_MISMATCH"};
    case ErrorCode::kPermissionDenied: return {403, "PERMISSION_DENIED"};
    case ErrorCode::kUnauthenticated: return {401, "UNAUTHORIZED"};
    case ErrorCode::kConflict: return {409, "SERIALIZATION_FAILURE"};
    case ErrorCode::kLimitExceeded: return {400, "LIMIT_EXCEEDED"};
    case ErrorCode::kTimeout: return {400, "STATEMENT_TIMEOUT"};
    case ErrorCode::kCancelled: return {400, "CANCELLED"};
    case ErrorCode::kUnavailable: return {503, "UNAVAILABLE"};
    case ErrorCode::kCorruption: return {500, "DATA_CORRUPTION"};
    case ErrorCode::kIo: return {500, "STORAGE_ERROR"};
    case ErrorCode::kInternal: return {500, "INTERNAL_ERROR"};
  }
  return {500, "INTERNAL_ERROR"};
}

}  // namespace kalam::api
