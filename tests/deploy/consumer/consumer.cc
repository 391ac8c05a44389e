#include <iostream>

#include <kalam/kalam.h>

int main(int, char** argv) {
  auto client = kalam::Client::Builder().Host(argv[1]).User("maya").Build();
  if (!client) return 1;
  auto answer = client->Query("SELECT 6 * $1 AS n", {kalam::Param(7)});
  if (!answer) return std::cerr << answer.error().message << "\n", 1;
  for (const kalam::Row row : answer->results.front().rows) std::cout << row["n"].text() << "\n";
}
