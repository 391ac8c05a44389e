#pragma once

#include "base/clock.h"
#include "base/result.h"
#include "cold/s3_store.h"
#include "sigv4.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

using CURL = void;

namespace kalam::cold {

struct S3Request {
  std::string_view method = "GET";
  std::string key;  // below the bucket; empty: the bucket itself
  std::vector<NameValue> query = {};
  std::vector<NameValue> headers = {};  // lower-case names
  std::string_view body = {};
  // Takes the body of a successful answer piece by piece instead of S3Response::body. Must be ready
  // to start anew: a repeated request begins with an empty piece.
  std::function<Status(std::string_view piece, bool restart)> sink = {};
};

struct S3Response {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // lower-case names
  bool repeated = false;  // an attempt before this one may have been carried out, its answer lost
};

// One bucket over HTTP: signs, sends, repeats. Thread-safe; keeps its connections.
class S3Client {
 public:
  // `options` as checked by OpenS3Store.
  S3Client(const S3Options& options, const Clock& clock);
  ~S3Client();
  S3Client(const S3Client&) = delete;
  S3Client& operator=(const S3Client&) = delete;

  // Any final answer of the server is a response, also 4xx. Errors: kUnavailable when no attempt
  // got one.
  Result<S3Response> Send(const S3Request& request);

  // The server's refusal as an error with its own code and words.
  static Error ToError(const S3Response& response, std::string_view deed, std::string_view key);

 private:
  struct HandleClose {
    void operator()(CURL* handle) const;
  };
  using Handle = std::unique_ptr<CURL, HandleClose>;

  Handle Acquire();
  void Release(Handle handle);
  std::string PathOf(const std::string& key) const;
  // One attempt. An Error is a failure below HTTP.
  Result<S3Response> Attempt(CURL* handle, const S3Request& request, bool restart);

  const S3Options options_;
  const Clock& clock_;
  std::string scheme_and_host_;  // `https://bucket.s3.eu-west-1.amazonaws.com`
  std::string host_;             // as the Host header has it
  std::string path_prefix_;      // `/bucket` with path style, else empty

  std::mutex mutex_;
  std::vector<Handle> idle_;  // guarded by mutex_
};

}  // namespace kalam::cold
