#include <exception>
#include <iostream>

#include "support/slt_runner.h"
#include "support/temp_dir.h"

// slt_runner FILE...: runs each script on a server of its own; exit status 1 if any step failed.
int main(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: slt_runner FILE...\n";
    return 2;
  }
  int failures = 0;
  for (int i = 1; i < argc; ++i) {
    try {
      const std::string text = kalam::test::ReadFile(argv[i]);
      if (text.empty()) throw std::runtime_error("no such script");
      const int failed =
          kalam::test::SltRunner(kalam::test::ParseSlt(text), std::cout).Run();
      std::cout << argv[i] << (failed == 0 ? ": ok\n" : ": FAILED\n");
      failures += failed;
    } catch (const std::exception& error) {
      std::cout << argv[i] << ": " << error.what() << "\n";
      ++failures;
    }
  }
  return failures == 0 ? 0 : 1;
}
