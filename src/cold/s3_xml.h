#pragma once

#include "base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// The few XML bodies of the S3 protocol that we read and write.
namespace kalam::cold {

struct S3ErrorBody {
  std::string code;     // `NoSuchKey`; empty when the body is no such document
  std::string message;  // cut to a line
};
S3ErrorBody ParseS3Error(std::string_view xml);

// One page of ListObjectsV2.
struct S3ListPage {
  struct Entry {
    std::string key;
    std::uint64_t bytes = 0;
  };
  std::vector<Entry> entries;
  std::string continuation_token;  // empty: the last page
};
// Errors: kIo.
Result<S3ListPage> ParseS3ListPage(std::string_view xml);

// The answer to CreateMultipartUpload. Errors: kIo.
Result<std::string> ParseS3UploadId(std::string_view xml);

// The body of CompleteMultipartUpload; the first part has number 1.
std::string S3CompleteBody(const std::vector<std::string>& etags);

}  // namespace kalam::cold
