// The JSON body of POST /v1/api/sql.

#include <string>

#include "fuzz/target.h"
#include "wire/sql_request.h"

using namespace kalam;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::TextOf(data, size);
  std::string padded(text);
  padded.append(wire::kBodyPaddingBytes, '\0');
  const auto request = wire::ParseSqlRequest(std::string_view(padded).substr(0, size), {.max_params = 5});
  if (!request.ok()) {
    fuzz::Require(!request.error().message().empty(), "a refusal says why", text);
    return 0;
  }
  fuzz::Require(request->params.size() <= 5, "parameters are bounded", text);
  fuzz::Require(request->sql.size() <= size, "the text is no longer than the body", text);
  // Moved, it is still good.
  std::size_t bytes = 0;
  const wire::SqlRequest moved = std::move(*const_cast<wire::SqlRequest*>(&*request));
  for (const char c : moved.sql) bytes += static_cast<unsigned char>(c);
  for (const Datum& param : moved.params) bytes += param.is_null() ? 1 : 0;
  return bytes == SIZE_MAX ? 1 : 0;
}
