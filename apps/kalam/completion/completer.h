#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "completion/schema_names.h"

namespace kalam::cli {

struct Completion {
  enum class Category { kKeyword, kTable, kColumn, kType, kCommand, kNamespace };
  std::string text;
  Category category = Category::kKeyword;
  friend bool operator==(const Completion&, const Completion&) = default;
};

// What may stand at the cursor, in place of the bytes [begin, end) of the text.
struct Completions {
  std::size_t begin = 0;
  std::size_t end = 0;
  std::vector<Completion> items;
  bool more = false;  // there are others, which a longer start would show
};

// More than anybody reads; a longer start shows the others.
constexpr std::size_t kMaxCompletions = 200;

// Looks at the statement that the cursor is in: tables and namespaces where a table is named (FROM, JOIN, INTO, UPDATE,
// TABLE, DESCRIBE), columns of the statement's tables where expressions are, columns of one table behind `table.` or
// an alias, types where a column is declared or cast, keywords everywhere else, commands behind a backslash. Nothing
// within strings and comments. A pure function: a binary search in `names` for each kind.
Completions Complete(std::string_view text, std::size_t cursor, const SchemaNames& names);

}  // namespace kalam::cli
