// The client cuts scripts by itself; it must cut where the server would.

#include "statement_splitter.h"

#include <random>
#include <string>

#include <gtest/gtest.h>
#include <sql/splitter.h>

namespace kalam::cli {
namespace {

TEST(SplitterAgreementTest, RandomScriptsAreCutLikeTheServerCutsThem) {
  const std::vector<std::string> pieces = {"'",  "''", "\"", "`",  ";",   "; ", "--", "\n",
                                           "/*", "*/", "$",  "$$", "$t$", "E'", "e'", "\\",
                                           "a",  "1",  " ",  "-",  "/",   "x'", "é",  "'\n'"};
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  int compared = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string script;
    for (int n = static_cast<int>(random() % 12); n >= 0; --n) {
      script += pieces[random() % pieces.size()];
    }
    const auto server = sql::SplitStatements(script, 1000);
    SplitText client = SplitStatements(script);
    ASSERT_EQ(server.ok(), client.open == OpenState::kNone) << script;
    if (!server.ok()) continue;
    if (!client.rest_is_blank) client.statements.push_back(client.rest);
    ASSERT_EQ(server.value().size(), client.statements.size()) << script;
    for (std::size_t i = 0; i < client.statements.size(); ++i) {
      // The server also drops comments in front of a statement.
      ASSERT_TRUE(client.statements[i].ends_with(server.value()[i])) << script;
    }
    ++compared;
  }
  EXPECT_GT(compared, 10'000);
}

}  // namespace
}  // namespace kalam::cli
