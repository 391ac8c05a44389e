// examples/chat, as its README says.

#include "kalam_runner.h"
#include "support/server_test.h"
#include "support/tcp_proxy.h"

#include <string>

#include <gtest/gtest.h>

namespace kalam::test {
namespace {

using ChatExample = OwnServerTest;

TEST_F(ChatExample, TwoPeopleTalkThroughARestartOfTheServer) {
  ServerProcess& server = Make();
  server.Start();
  TcpProxy proxy(server.port());  // keeps its port when the server gets another
  const std::string url = "http://127.0.0.1:" + std::to_string(proxy.port());
  const KalamRunner chat({}, KALAM_CHAT_BINARY);
  EXPECT_EQ(chat.Run({"--url", url, "--make-tables"}).exit_code, 0);
  {
    Terminal maya(chat, {"--url", url, "--user", "maya"});
    Terminal noah(chat, {"--url", url, "--user", "noah"});
    Terminal zoe(chat, {"--url", url, "--user", "zoe", "--room", "it's quiet"});
    for (Terminal* one : {&maya, &noah, &zoe}) one->ReadUntil("You are in");
    maya.Type("hello\n");
    noah.ReadUntil("maya: hello");
    noah.Type("hi maya\n");
    maya.ReadUntil("noah: hi maya");
    zoe.Type("alone\n");
    zoe.ReadUntil("zoe: alone");

    server.Restart();
    proxy.SetTarget(server.port());
    noah.ReadUntil("(connecting again)");
    maya.ReadUntil("(connecting again)");
    maya.Type("still there?\n");
    noah.ReadUntil("maya: still there?");
    maya.Type("\x04");
    EXPECT_EQ(maya.WaitForExit(), 0);
  }
  Terminal later(chat, {"--url", url, "--user", "olga"});
  const std::string past = later.ReadUntil("You are in");
  EXPECT_NE(past.find("maya: hello\r\nnoah: hi maya\r\nmaya: still there?\r\n"), std::string::npos)
      << past;
  EXPECT_EQ(past.find("alone"), std::string::npos);
}

}  // namespace
}  // namespace kalam::test
