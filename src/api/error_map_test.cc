#include "api/error_map.h"

#include <gtest/gtest.h>

namespace kalam::api {
namespace {

TEST(ErrorMap, TellsEveryCodeApartFromSuccess) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::kInternal); ++code) {
    const WireError wire = ToWireError(static_cast<ErrorCode>(code));
    EXPECT_GE(wire.http_status, 400) << code;
    EXPECT_LT(wire.http_status, 600) << code;
    EXPECT_FALSE(wire.code.empty()) << code;
  }
}

TEST(ErrorMap, KeepsTheDocumentedStatuses) {
  EXPECT_EQ(ToWireError(ErrorCode::kNotFound).http_status, 400);
  EXPECT_EQ(ToWireError(ErrorCode::kNotFound).code, "SQL_EXECUTION_ERROR");
  EXPECT_EQ(ToWireError(ErrorCode::kPermissionDenied).http_status, 403);
  EXPECT_EQ(ToWireError(ErrorCode::kConflict).http_status, 409);
}

}  // namespace
}  // namespace kalam::api
