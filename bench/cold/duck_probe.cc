// Bare DuckDB on Parquet files: the limit that queries over cold rows are compared with.
//
//   duck-probe REPEAT SQL [SQL ...]
//
// Prints, per statement, the median of its times in milliseconds. The files' pages are warm after
// the first run.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include <duckdb.h>

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  const int repeat = std::atoi(argv[1]);
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  if (duckdb_open(nullptr, &database) != DuckDBSuccess ||
      duckdb_connect(database, &connection) != DuckDBSuccess)
    return 1;
  for (int i = 2; i < argc; ++i) {
    std::vector<double> times;
    for (int run = 0; run <= repeat; ++run) {
      const auto begin = std::chrono::steady_clock::now();
      duckdb_result result;
      if (duckdb_query(connection, argv[i], &result) != DuckDBSuccess) {
        std::fprintf(stderr, "%s\n", duckdb_result_error(&result));
        return 1;
      }
      duckdb_destroy_result(&result);
      const std::chrono::duration<double, std::milli> took =
          std::chrono::steady_clock::now() - begin;
      if (run > 0) times.push_back(took.count());
    }
    std::sort(times.begin(), times.end());
    std::printf("%.3f\n", times[times.size() / 2]);
  }
  duckdb_disconnect(&connection);
  duckdb_close(&database);
}
