#pragma once

#include <string_view>

#include "base/error.h"

namespace kalam::api {

struct WireError {
  int http_status;
  std::string_view code;
};

// How a failed statement is told to the client (specification 2.5): the only such table.
WireError ToWireError(ErrorCode code);

}  // namespace kalam::api
