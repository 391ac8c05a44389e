# DuckDB: the official libduckdb.so and the C++ headers of exactly the same version.
# scripts/setup puts both into KALAM_DEPS_DIR and checks their integrity hashes.

set(KALAM_DUCKDB_VERSION 1.4.4)
if(DEFINED ENV{KALAM_DEPS_DIR})
  set(_deps_default $ENV{KALAM_DEPS_DIR})
else()
  set(_deps_default $ENV{HOME}/.cache/kalamdb)
endif()
set(KALAM_DEPS_DIR ${_deps_default} CACHE PATH "Where scripts/setup keeps downloaded dependencies")
set(_duckdb ${KALAM_DEPS_DIR}/duckdb-${KALAM_DUCKDB_VERSION})

if(NOT EXISTS ${_duckdb}/lib/libduckdb.so OR
   NOT EXISTS ${_duckdb}/include/extension/parquet/include/parquet_reader.hpp)
  message(FATAL_ERROR "DuckDB ${KALAM_DUCKDB_VERSION} is not in ${_duckdb}. Run scripts/setup first.")
endif()

add_library(duckdb SHARED IMPORTED GLOBAL)
set_target_properties(duckdb PROPERTIES
  IMPORTED_LOCATION ${_duckdb}/lib/libduckdb.so
  IMPORTED_NO_SONAME ON)
target_include_directories(duckdb SYSTEM INTERFACE
  ${_duckdb}/include/src/include
  ${_duckdb}/include/third_party/re2
  ${_duckdb}/include/third_party/fmt/include
  ${_duckdb}/include/third_party/fast_float
  ${_duckdb}/include/third_party/utf8proc/include)

# What it reads and writes Parquet files with: an extension that the library has within.
add_library(duckdb_parquet INTERFACE)
target_include_directories(duckdb_parquet SYSTEM INTERFACE
  ${_duckdb}/include/extension/parquet/include
  ${_duckdb}/include/third_party/fastpforlib
  ${_duckdb}/include/third_party/parquet
  ${_duckdb}/include/third_party/thrift
  ${_duckdb}/include/third_party/zstd/include)

# duckdb.h, its C interface, for who loads the library by itself.
add_library(duckdb_header INTERFACE)
target_include_directories(duckdb_header SYSTEM INTERFACE ${_duckdb}/include/src/include)

file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/lib)
file(COPY_FILE ${_duckdb}/lib/libduckdb.so ${CMAKE_BINARY_DIR}/lib/libduckdb.so ONLY_IF_DIFFERENT)
install(FILES ${_duckdb}/lib/libduckdb.so DESTINATION lib)
