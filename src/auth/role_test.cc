#include "auth/role.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace kalam::auth {
namespace {

TEST(Role, EveryNameParsesBackToItsRole) {
  for (const Role role : kAllRoles) {
    const auto parsed = ParseRole(ToString(role));
    ASSERT_TRUE(parsed.ok());
    EXPECT_EQ(*parsed, role);
  }
}

TEST(Role, OtherNamesAreRefusedWithTheDocumentedText) {
  const auto parsed = ParseRole("admin");
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.error().code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(parsed.error().message(),
            "Invalid role 'admin'. Must be one of: user, service, dba, system");
  for (const char* name : {"", "User", "DBA", " user", "users", "root"}) {
    EXPECT_FALSE(ParseRole(name).ok()) << name;
  }
}

TEST(Role, AClaimOnlyLowers) {
  for (const Role row : kAllRoles) {
    EXPECT_EQ(LowerOf(row, std::nullopt), row);
    for (const Role claimed : kAllRoles) {
      EXPECT_LE(LowerOf(row, claimed), row);
      EXPECT_LE(LowerOf(row, claimed), claimed);
    }
  }
  EXPECT_EQ(LowerOf(Role::kUser, Role::kSystem), Role::kUser);
  EXPECT_EQ(LowerOf(Role::kDba, Role::kUser), Role::kUser);
}

}  // namespace
}  // namespace kalam::auth
