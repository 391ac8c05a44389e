#include "sigv4.h"

#include <gtest/gtest.h>

namespace kalam::cold {
namespace {

constexpr TimestampMicros kMay24 = 1'369'353'600'000'000;  // 2013-05-24T00:00:00Z
constexpr std::string_view kEmptySha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const S3Credentials& ExampleKeys() {
  static const S3Credentials keys{"AKIAIOSFODNN7EXAMPLE",
                                  "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
  return keys;
}

// The examples of "Signature Calculations for the Authorization Header: Transferring Payload in a
// Single Chunk", Amazon S3 API reference.
TEST(SigV4, GetsTheSignatureOfTheRangeReadInTheReference) {
  const SigV4Request request{.method = "GET",
                             .path = "/test.txt",
                             .query = {},
                             .headers = {{"range", "bytes=0-9"},
                                         {"host", "examplebucket.s3.amazonaws.com"},
                                         {"x-amz-content-sha256", std::string(kEmptySha256)},
                                         {"x-amz-date", "20130524T000000Z"}},
                             .payload_sha256 = std::string(kEmptySha256)};
  EXPECT_EQ(SignV4(request, ExampleKeys(), "us-east-1", "s3", kMay24),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SigV4, GetsTheSignatureOfTheListingInTheReference) {
  const SigV4Request request{.method = "GET",
                             .path = "/",
                             .query = {{"prefix", "J"}, {"max-keys", "2"}},
                             .headers = {{"host", "examplebucket.s3.amazonaws.com"},
                                         {"x-amz-content-sha256", std::string(kEmptySha256)},
                                         {"x-amz-date", "20130524T000000Z"}},
                             .payload_sha256 = std::string(kEmptySha256)};
  EXPECT_TRUE(
      SignV4(request, ExampleKeys(), "us-east-1", "s3", kMay24)
          .ends_with("Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

TEST(SigV4, EncodesPathsAndQueries) {
  EXPECT_EQ(UriEncode("/a b/c=d", true), "/a%20b/c%3Dd");
  EXPECT_EQ(CanonicalQuery({{"uploads", ""}, {"prefix", "a/b"}, {"list-type", "2"}}),
            "list-type=2&prefix=a%2Fb&uploads=");
  EXPECT_EQ(AmzDate(kMay24), "20130524T000000Z");
  EXPECT_EQ(Sha256Hex(""), kEmptySha256);
}

}  // namespace
}  // namespace kalam::cold
