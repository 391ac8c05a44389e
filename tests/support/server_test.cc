#include "support/server_test.h"

#include <algorithm>
#include <cctype>
#include <iostream>

namespace kalam::test {

std::unique_ptr<ServerProcess> SharedServerTest::server_;

void SharedServerTest::SetUpTestSuite() {
  server_ = std::make_unique<ServerProcess>();
  server_->Start();
}

void SharedServerTest::TearDownTestSuite() { server_.reset(); }

void SharedServerTest::TearDown() {
  if (HasFailure()) std::cout << "--- end of the server's output\n" << server_->OutputTail() << "---\n";
}

std::string SharedServerTest::OwnNamespace() {
  std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  name.resize(std::min<std::size_t>(name.size(), 60));
  const SqlAnswer created = Client().Run("CREATE NAMESPACE " + name);
  EXPECT_TRUE(Ok(created));
  return name;
}

ServerProcess& OwnServerTest::Make(ServerOptions options) {
  servers_.push_back(std::make_unique<ServerProcess>(std::move(options)));
  return *servers_.back();
}

void OwnServerTest::TearDown() {
  if (!HasFailure()) return;
  for (const auto& server : servers_) {
    std::cout << "--- end of the server's output\n" << server->OutputTail() << "---\n";
  }
}

testing::AssertionResult Ok(const SqlAnswer& answer) {
  if (answer.ok()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "expected success\n" << answer;
}

testing::AssertionResult FailsWith(const SqlAnswer& answer, std::string_view code,
                                   std::string_view text) {
  const bool as_expected = answer.json["status"].text() == "error" && answer.code() == code &&
                           answer.error().find(text) != std::string::npos;
  if (as_expected) return testing::AssertionSuccess();
  return testing::AssertionFailure()
         << "expected the error " << code << " with '" << text << "'\n"
         << answer;
}

}  // namespace kalam::test
