#include "listener.h"

#include "event_loop_impl.h"

#include <future>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "test_client.h"

namespace kalam::net {
namespace {

// Whatever the system's default is, and also where the listener can be reached from elsewhere.
TEST(ListenerTest, ConnectionsWithinTheMachineAreNotPaced) {
  for (const char* host : {"127.0.0.1", "0.0.0.0"}) {
    EventLoopGroup loops(1);
    loops.Start();
    const auto listener = std::make_shared<Listener>(loops.loop(0));
    ASSERT_TRUE(listener->Bind(host, 0).ok());
    std::promise<std::string> used;
    loops.loop(0).Post([&] {
      listener->Accept([&](int fd, const Peer&) {
        char name[16] = "";
        socklen_t size = sizeof name;
        getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name, &size);
        used.set_value(name);
        ::close(fd);
      });
    });
    const testing::RawClient client(listener->port());
    EXPECT_EQ(used.get_future().get(), "reno") << host;
    loops.loop(0).impl().RunAndWait([&] { listener->Close(); });
  }
}

}  // namespace
}  // namespace kalam::net
