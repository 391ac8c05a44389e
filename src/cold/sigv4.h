#pragma once

#include "base/clock.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

// AWS Signature Version 4 for one request ("Authenticating Requests: Using the Authorization
// Header", Amazon S3 API reference). libcurl's own signer is not used: it fails for unsorted
// queries, `?uploads`, and `=` or `/` in keys and query values.
namespace kalam::cold {

struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // empty: none
};

using NameValue = std::pair<std::string, std::string>;

struct SigV4Request {
  std::string_view method;
  std::string path;                // decoded, starts with `/`
  std::vector<NameValue> query;    // decoded, in any order
  std::vector<NameValue> headers;  // lower-case names; `host` included; all of them are signed
  std::string payload_sha256;      // lower-case hex
};

// RFC 3986 percent-encoding as the signature wants it; `/` is kept in paths and encoded in query
// values.
std::string UriEncode(std::string_view text, bool keep_slash);

// `a=1&b=%2F`, sorted: what is signed is what must be sent.
std::string CanonicalQuery(const std::vector<NameValue>& query);

// `20130524T000000Z`
std::string AmzDate(TimestampMicros now);

std::string HexLower(std::string_view bytes);
std::string Sha256Hex(std::string_view bytes);

// The value of the Authorization header. The request's headers must carry `x-amz-date` with the
// same time.
std::string SignV4(const SigV4Request& request, const S3Credentials& credentials,
                   std::string_view region, std::string_view service, TimestampMicros now);

}  // namespace kalam::cold
