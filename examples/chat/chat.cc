// A chat for the terminal: what an application with KalamDB needs, and no more. See README.md.
//
//   chat --user maya --room lobby
//
// A message is one row of chat.history (a SHARED table: durable, the past of a room) and one of
// chat.messages (a STREAM table: what just happened, for everybody who listens). Both have the same
// id, which grows.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <kalam/kalam.h>

namespace {

constexpr const char* kTables = R"(
  CREATE NAMESPACE IF NOT EXISTS chat;
  CREATE SHARED TABLE IF NOT EXISTS chat.history (
    id BIGINT PRIMARY KEY DEFAULT SNOWFLAKE_ID(), room TEXT NOT NULL, sender TEXT NOT NULL DEFAULT CURRENT_USER(),
    body TEXT NOT NULL, at TIMESTAMP DEFAULT NOW()) ACCESS public;
  CREATE STREAM TABLE IF NOT EXISTS chat.messages (
    id BIGINT PRIMARY KEY, room TEXT NOT NULL, sender TEXT NOT NULL DEFAULT CURRENT_USER(),
    body TEXT NOT NULL) TTL 3600;
)";

constexpr std::size_t kRemembered = 1'000;

struct Arguments {
  std::string url = "http://localhost:8080";
  std::string user;
  std::string room = "lobby";
  std::string token;
  bool make_tables = false;
};

[[noreturn]] void Leave(const kalam::Error& error) {
  std::cerr << "chat: " << error.message << "\n";
  std::exit(1);
}

// What others write must not move our cursor.
std::string Printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) ? '?' : c;
  return out;
}

class Chat {
 public:
  Chat(kalam::Client client, std::string room)
      : client_(std::move(client)), room_(std::move(room)) {}

  void Run() {
    // Listen first, then read the past: what arrives in between is in both and shown once, by its
    // id.
    auto live = client_.Subscribe("SELECT id, sender, body FROM chat.messages WHERE room = " +
                                  Quoted(room_));
    if (!live) Leave(live.error());
    ShowHistory();
    std::thread listener([&] { Listen(*live); });
    std::cout << "You are in '" << Printable(room_)
              << "'. Write a line and press Enter; Ctrl+D leaves." << std::endl;
    for (std::string line; std::getline(std::cin, line);) {
      if (!line.empty()) Say(line);
    }
    live->Close();
    listener.join();
  }

 private:
  // As SQL text: a subscription has no parameters.
  static std::string Quoted(const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
    return out + "'";
  }

  void ShowHistory() {
    const auto past = client_.Query(
        "SELECT id, sender, body FROM (SELECT * FROM chat.history WHERE room = $1 ORDER BY id DESC "
        "LIMIT 20) ORDER BY id",
        {kalam::Param(room_)});
    if (!past) Leave(past.error());
    for (const kalam::Row row : past->results.front().rows) Show(row);
  }

  void Show(const kalam::Row row) {
    if (!shown_.insert(row["id"].AsInt64().value_or(0)).second) return;
    if (shown_.size() > kRemembered) shown_.erase(shown_.begin());
    std::cout << Printable(row["sender"].text()) << ": " << Printable(row["body"].text())
              << std::endl;
  }

  void Listen(kalam::Subscription& live) {
    while (const auto event = live.Next()) {
      switch (event->kind) {
        case kalam::ChangeEvent::Kind::kInsert:
          Show(event->rows[0]);
          break;
        case kalam::ChangeEvent::Kind::kConnectionLost:
          std::cout << "(connecting again)" << std::endl;
          break;
        // Of a stream that a restart emptied: the history has what we missed.
        case kalam::ChangeEvent::Kind::kResync:
          ShowHistory();
          break;
        case kalam::ChangeEvent::Kind::kError:
          std::cout << event->error->message << std::endl;
          break;
        default:
          break;
      }
    }
  }

  void Say(const std::string& line) {
    const auto kept =
        client_.Query("INSERT INTO chat.history (room, body) VALUES ($1, $2) RETURNING id",
                      {kalam::Param(room_), kalam::Param(line)});
    if (!kept) {
      std::cout << "(not sent: " << kept.error().message << ")" << std::endl;
      return;
    }
    const auto id = kept->results.front().rows[0]["id"].AsInt64().value_or(0);
    const auto told =
        client_.Query("INSERT INTO chat.messages (id, room, body) VALUES ($1, $2, $3)",
                      {kalam::Param(id), kalam::Param(room_), kalam::Param(line)});
    if (!told)
      std::cout << "(kept, but nobody was told: " << told.error().message << ")" << std::endl;
  }

  kalam::Client client_;
  const std::string room_;
  std::set<std::int64_t> shown_;  // the latest ids; first the caller's, then the listener's
};

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  const std::vector<std::string> words(argv + 1, argv + argc);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool has_value = i + 1 < words.size();
    if (words[i] == "--make-tables")
      arguments.make_tables = true;
    else if (words[i] == "--url" && has_value)
      arguments.url = words[++i];
    else if (words[i] == "--user" && has_value)
      arguments.user = words[++i];
    else if (words[i] == "--room" && has_value)
      arguments.room = words[++i];
    else if (words[i] == "--token" && has_value)
      arguments.token = words[++i];
    else {
      std::cerr
          << "usage: chat [--url URL] [--user NAME | --token JWT] [--room ROOM] | --make-tables\n";
      std::exit(2);
    }
  }
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = Parse(argc, argv);
  kalam::Client::Builder builder;
  builder.Host(arguments.url).User(arguments.user);
  if (!arguments.token.empty()) builder.Auth(kalam::Auth::Jwt(arguments.token));
  auto client = builder.Build();
  if (!client) Leave(client.error());
  if (arguments.make_tables) {
    const auto made = client->Query(kTables);
    if (!made) Leave(made.error());
    return 0;
  }
  Chat(*std::move(client), arguments.room).Run();
}
