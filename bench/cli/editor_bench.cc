// What a key costs at the prompt of kalam: completion with 10,000 tables, and typing into a statement of a megabyte.
//
//   build/release/bin/editor-bench

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "completion/completer.h"
#include "editor/line_editor.h"

namespace {

using namespace kalam::cli;

double MedianMicroseconds(int rounds, const std::function<void()>& work) {
  std::vector<double> times;
  for (int i = 0; i < rounds; ++i) {
    const auto started = std::chrono::steady_clock::now();
    work();
    times.push_back(std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - started).count());
  }
  std::ranges::nth_element(times, times.begin() + rounds / 2);
  return times[static_cast<std::size_t>(rounds / 2)];
}

SchemaNames TenThousandTables() {
  std::vector<SchemaNames::Table> tables;
  for (int i = 0; i < 10'000; ++i) {
    std::vector<std::string> columns;
    for (int c = 0; c < 10; ++c) columns.push_back("column_" + std::to_string(c));
    tables.push_back({"ns" + std::to_string(i % 50), "table_" + std::to_string(i), std::move(columns)});
  }
  return SchemaNames(std::move(tables));
}

void Report(const char* what, double microseconds) { std::printf("%-58s %10.1f us\n", what, microseconds); }

}  // namespace

int main() {
  const SchemaNames names = TenThousandTables();
  for (const std::string text :
       {"SELECT * FROM table_77", "SELECT * FROM ns7.t", "SELECT t.c FROM ns7.table_7 t", ""}) {
    const std::size_t cursor = text.starts_with("SELECT t.c") ? 10 : text.size();
    Report(("Tab, 10,000 tables: " + text).c_str(),
           MedianMicroseconds(1000, [&] { Complete(text, cursor, names); }));
  }

  History history(std::nullopt);
  LineEditor editor(&history, true);
  editor.Start({.bytes = "kalam> ", .width = 7});
  std::string large = "INSERT INTO app.notes VALUES\n";
  while (large.size() < 1'000'000) large += "  (12345, 'some text of a note', 3.25, true),\n";
  editor.Press({.code = KeyCode::kPaste, .text = large});
  const TerminalSize size{.rows = 50, .columns = 120};
  editor.Compose(size);
  Report("a key at the end of 1 MB, with its rows and colours", MedianMicroseconds(200, [&] {
           editor.Press({.text = "x"});
           editor.Compose(size);
         }));
  editor.Press({.code = KeyCode::kPageUp});
  Report("a key at the start of 1 MB", MedianMicroseconds(200, [&] {
           editor.Press({.text = "x"});
           editor.Compose(size);
         }));
}
