#include "export/duck_library.h"

#include "exit_code.h"

#include <cstdlib>
#include <string>

#include <dlfcn.h>

namespace kalam::cli {

namespace {

// Where the build and `make install` put it, by the runpath of the program.
constexpr const char* kName = "libduckdb.so";

Result<DuckLibrary> LoadFrom(const char* name) {
  const auto fail = [&](const std::string& problem) {
    return UsageError("Parquet is written by DuckDB's library: " + problem + ". It is looked for as " + kName +
                      " in ../lib beside kalam, or KALAM_DUCKDB names its file");
  };
  void* const handle = ::dlopen(name, RTLD_LAZY | RTLD_LOCAL);
  if (handle == nullptr) return fail(::dlerror());
  DuckLibrary library;
#define KALAM_DUCKDB_FUNCTION(function)                                                                  \
  library.function = reinterpret_cast<decltype(library.function)>(::dlsym(handle, "duckdb_" #function)); \
  if (library.function == nullptr) return fail(std::string(name) + " has no function duckdb_" #function);
  KALAM_DUCKDB_FUNCTIONS(KALAM_DUCKDB_FUNCTION)
#undef KALAM_DUCKDB_FUNCTION
  return library;
}

}  // namespace

Result<const DuckLibrary*> DuckLibrary::Load() {
  static const Result<DuckLibrary> loaded = [] {
    const char* const chosen = std::getenv("KALAM_DUCKDB");
    return LoadFrom(chosen != nullptr && *chosen != '\0' ? chosen : kName);
  }();
  if (!loaded) return loaded.error();
  return &*loaded;
}

}  // namespace kalam::cli
