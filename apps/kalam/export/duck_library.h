#pragma once

#include <duckdb.h>
#include <kalam/result.h>

namespace kalam::cli {

// What is used of DuckDB's stable C interface.
#define KALAM_DUCKDB_FUNCTIONS(X)     \
  X(bind_add_result_column)           \
  X(bind_get_extra_info)              \
  X(close)                            \
  X(connect)                          \
  X(create_config)                    \
  X(create_logical_type)              \
  X(create_table_function)            \
  X(data_chunk_get_vector)            \
  X(data_chunk_set_size)              \
  X(destroy_config)                   \
  X(destroy_logical_type)             \
  X(destroy_result)                   \
  X(destroy_table_function)           \
  X(disconnect)                       \
  X(free)                             \
  X(function_get_extra_info)          \
  X(function_set_error)               \
  X(open_ext)                         \
  X(query)                            \
  X(register_table_function)          \
  X(result_error)                     \
  X(set_config)                       \
  X(table_function_set_bind)          \
  X(table_function_set_extra_info)    \
  X(table_function_set_function)      \
  X(table_function_set_init)          \
  X(table_function_set_name)          \
  X(validity_set_row_invalid)         \
  X(vector_assign_string_element_len) \
  X(vector_ensure_validity_writable)  \
  X(vector_get_validity)              \
  X(vector_size)

// DuckDB as a library of the process: it is loaded when Parquet is first asked for, so that `kalam` stays small, starts
// at once and runs where there is none. Stays loaded. For one thread.
struct DuckLibrary {
#define KALAM_DUCKDB_FUNCTION(name) decltype(&::duckdb_##name) name = nullptr;
  KALAM_DUCKDB_FUNCTIONS(KALAM_DUCKDB_FUNCTION)
#undef KALAM_DUCKDB_FUNCTION

  // The file that $KALAM_DUCKDB names, or else the libduckdb.so in ../lib beside the program (the server's, too), or
  // where the system looks.
  static Result<const DuckLibrary*> Load();
};

}  // namespace kalam::cli
