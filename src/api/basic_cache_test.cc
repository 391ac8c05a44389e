#include "basic_cache.h"

#include <gtest/gtest.h>

namespace kalam::api {
namespace {

TEST(BasicCredentials, AreReadStrictly) {
  const auto maya = ParseBasic("Basic bWF5YTpzZWNyZXQ=");
  ASSERT_TRUE(maya.has_value());
  EXPECT_EQ(maya->user, "maya");
  EXPECT_EQ(maya->password, "secret");
  EXPECT_EQ(ParseBasic("bAsIc bWF5YTphOmI=")->password, "a:b");
  EXPECT_EQ(ParseBasic("Basic bWF5YTo=")->password, "");
  for (const char* bad : {"", "Basic", "Basic ", "Basic !!!!", "Basic bWF5YQ==", "Basic OnNlY3JldA==",
                          "Bearer bWF5YTpzZWNyZXQ=", "Basic bWF5YTpzZWNyZXQ"}) {
    EXPECT_FALSE(ParseBasic(bad).has_value()) << bad;
  }
  EXPECT_FALSE(ParseBasic("Basic " + std::string(8000, 'A')).has_value());
}

}  // namespace
}  // namespace kalam::api
