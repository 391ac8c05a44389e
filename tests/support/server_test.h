#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "support/server_process.h"
#include "support/sql_client.h"

namespace kalam::test {

// A suite whose tests share one server: starting one takes longer than most tests. Each test works in
// names of its own. After a failure the end of the server's output is printed.
class SharedServerTest : public testing::Test {
 protected:
  static void SetUpTestSuite();
  static void TearDownTestSuite();
  void TearDown() override;

  static ServerProcess& server() { return *server_; }
  static SqlClient Client(std::string user = {}) { return SqlClient(server_->port(), std::move(user)); }
  // A namespace that exists and that only this test uses: the test's name in lower case.
  std::string OwnNamespace();

 private:
  static std::unique_ptr<ServerProcess> server_;
};

// A suite whose tests start, stop and damage servers of their own.
class OwnServerTest : public testing::Test {
 protected:
  void TearDown() override;

  // Not started yet. Its output is printed after a failure.
  ServerProcess& Make(ServerOptions options = {});

 private:
  std::vector<std::unique_ptr<ServerProcess>> servers_;
};

// EXPECT_TRUE(Ok(answer)): on failure prints the request and the answer.
testing::AssertionResult Ok(const SqlAnswer& answer);
// The statement failed with this code, and its message contains `text`.
testing::AssertionResult FailsWith(const SqlAnswer& answer, std::string_view code,
                                   std::string_view text);

}  // namespace kalam::test
