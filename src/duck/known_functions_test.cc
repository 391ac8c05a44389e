#include "known_functions.h"

#include <gtest/gtest.h>

namespace kalam::duck {
namespace {

TEST(KnownFunctions, AreThoseThatTheEngineLists) {
  const auto database = std::make_shared<duckdb::DuckDB>(nullptr);
  const KnownFunctions known([database] { return database; });
  const auto listed =
      duckdb::Connection(*database).Query("SELECT DISTINCT lower(function_name) FROM duckdb_functions()");
  ASSERT_FALSE(listed->HasError()) << listed->GetError();
  ASSERT_GT(listed->RowCount(), 500u);
  for (duckdb::idx_t row = 0; row < listed->RowCount(); ++row) {
    const std::string name = listed->GetValue(0, row).GetValue<std::string>();
    EXPECT_TRUE(known.Contains(name)) << name;
  }
  EXPECT_FALSE(known.Contains("no_such_function"));
}

}  // namespace
}  // namespace kalam::duck
