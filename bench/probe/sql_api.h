#pragma once

#include "row_store.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace kalam::bench {

// Just enough of POST /v1/api/sql for kalam-bench to find its answers right. Statements are
// recognised by their first words and taken apart at fixed characters; the token says who it is and
// is not verified. What a database adds to this is what the limit leaves out.
class SqlApi {
 public:
  explicit SqlApi(RowStore& store) : store_(store) {}

  // One request, head and body. Appends the whole HTTP answer. True when it wrote rows: the answer
  // may only be sent after the store's Commit().
  bool Answer(std::string_view head, std::string_view body, std::string* out);

 private:
  bool Insert(std::string_view user, std::string_view body, std::string* out);
  void Select(std::string_view user, std::string_view body, std::string* out);

  RowStore& store_;
  std::string row_;
  std::string rows_;
};

}  // namespace kalam::bench
