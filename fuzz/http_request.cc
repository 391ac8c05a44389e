// The HTTP request parser: any bytes, in any pieces. What comes out does not depend on the pieces.

#include <algorithm>
#include <string>

#include "fuzz/target.h"
#include "http_parser.h"

using namespace kalam;

namespace {

const net::ParserLimits kLimits{.max_header_bytes = 2048, .max_body_bytes = 4096, .unique_headers = {"Authorization"}};

struct Outcome {
  std::string requests;  // those that came to their end, as one text
  int refusal = 0;       // the status with which the stream was refused, if it was
};

Outcome ReadAll(std::string_view stream, std::size_t piece) {
  Outcome outcome;
  std::string& seen = outcome.requests;
  net::RequestParser parser(kLimits);
  net::HttpRequest request;
  parser.Begin(request);
  std::string pending;
  while (!stream.empty()) {
    const std::size_t size = std::min(piece, stream.size());
    pending.append(stream.substr(0, size));
    stream.remove_prefix(size);
    for (std::size_t used = 1; used > 0 && !pending.empty();) {
      used = parser.Put(pending);
      fuzz::Require(used <= pending.size(), "the parser takes no more than there is", pending);
      pending.erase(0, used);
      if (parser.refusal()) {
        outcome.refusal = parser.refusal()->status;
        return outcome;
      }
      if (!parser.done()) continue;
      seen += std::string(request.method()) + " " + std::string(request.target()) + "\n";
      for (std::size_t i = 0; i < request.header_count(); ++i) {
        seen += std::string(request.header_name(i)) + ":" + std::string(request.header_value(i)) + "\n";
      }
      seen += std::string(request.body()) + "\n";
      fuzz::Require(request.body().size() <= kLimits.max_body_bytes, "bodies are bounded", seen);
      parser.Begin(request);
    }
  }
  return outcome;
}

// More bytes at once can show sooner that a head that never ends is malformed; what ends is the same.
bool Agree(const Outcome& a, const Outcome& b) {
  return a.requests == b.requests && (a.refusal == 0 || b.refusal == 0 || a.refusal == b.refusal);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view stream = fuzz::TextOf(data, size);
  const Outcome whole = ReadAll(stream, stream.size() + 1);
  fuzz::Require(Agree(ReadAll(stream, 1), whole), "byte by byte it is the same request", stream);
  fuzz::Require(Agree(ReadAll(stream, 7), whole), "in pieces it is the same request", stream);
  return 0;
}
