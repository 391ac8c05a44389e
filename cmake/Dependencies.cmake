# Every third-party library, found once. Debian packages come from scripts/setup; DuckDB's library
# and headers are cached outside the tree by the same script.

find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(Boost 1.81 REQUIRED)  # headers only: Asio, Beast
find_package(simdjson REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(RocksDB REQUIRED)
find_package(GTest REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(pugixml REQUIRED)
find_package(PkgConfig REQUIRED)
find_library(JEMALLOC_LIBRARY jemalloc REQUIRED)
find_library(ARGON2_LIBRARY argon2 REQUIRED)
add_library(argon2 UNKNOWN IMPORTED GLOBAL)
set_target_properties(argon2 PROPERTIES IMPORTED_LOCATION ${ARGON2_LIBRARY})

include(DuckDB)
