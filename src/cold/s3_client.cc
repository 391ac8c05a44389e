#include "s3_client.h"

#include "s3_xml.h"

#include <algorithm>
#include <cstring>
#include <random>
#include <thread>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>

namespace kalam::cold {
namespace {

constexpr std::size_t kMaxIdleHandles = 16;
constexpr std::size_t kMaxErrorBytes = 64 << 10;
constexpr std::size_t kMaxBodyBytes = 16
                                      << 20;  // of an answer kept in memory: a listing or a range

void InitCurlOnce() {
  static const CURLcode initialised = curl_global_init(CURL_GLOBAL_DEFAULT);
  (void)initialised;
}

// 169.254.0.0/16, fe80::/10 and fd00:ec2::/32: where clouds answer questions about the machine's
// own identity.
bool IsMetadataAddress(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    const auto ip = ntohl(reinterpret_cast<const sockaddr_in&>(address).sin_addr.s_addr);
    return (ip >> 16) == 0xA9FE;
  }
  if (address.sa_family == AF_INET6) {
    const auto* bytes = reinterpret_cast<const sockaddr_in6&>(address).sin6_addr.s6_addr;
    static constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    if (std::memcmp(bytes, kMapped, sizeof(kMapped)) == 0)
      return bytes[12] == 0xA9 && bytes[13] == 0xFE;
    return (bytes[0] == 0xFE && (bytes[1] & 0xC0) == 0x80) ||
           (bytes[0] == 0xFD && bytes[1] == 0x00 && bytes[2] == 0x0E && bytes[3] == 0xC2);
  }
  return false;
}

curl_socket_t OpenSocket(void*, curlsocktype, curl_sockaddr* address) {
  if (IsMetadataAddress(address->addr)) return CURL_SOCKET_BAD;
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// Where one answer goes while it arrives.
struct Arrival {
  CURL* handle;
  const S3Request& request;
  S3Response response;
  Status sink_status;
};

std::size_t OnBody(char* data, std::size_t, std::size_t bytes, void* user) {
  auto& arrival = *static_cast<Arrival*>(user);
  long status = 0;
  curl_easy_getinfo(arrival.handle, CURLINFO_RESPONSE_CODE, &status);
  const std::string_view piece(data, bytes);
  if (status < 300 && arrival.request.sink) {
    arrival.sink_status = arrival.request.sink(piece, false);
    return arrival.sink_status.ok() ? bytes : 0;
  }
  const std::size_t limit = status < 300 ? kMaxBodyBytes : kMaxErrorBytes;
  if (arrival.response.body.size() + bytes > limit) return 0;
  arrival.response.body.append(piece);
  return bytes;
}

std::size_t OnHeader(char* data, std::size_t, std::size_t bytes, void* user) {
  auto& arrival = *static_cast<Arrival*>(user);
  std::string_view line(data, bytes);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return bytes;
  std::string name(line.substr(0, colon));
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  line.remove_prefix(colon + 1);
  while (!line.empty() && (line.front() == ' ' || line.front() == '\t')) line.remove_prefix(1);
  while (!line.empty() && (line.back() == '\r' || line.back() == '\n' || line.back() == ' '))
    line.remove_suffix(1);
  if (arrival.response.headers.size() < 100)
    arrival.response.headers[std::move(name)] = std::string(line);
  return bytes;
}

struct Upload {
  std::string_view rest;
};

std::size_t OnUpload(char* out, std::size_t, std::size_t capacity, void* user) {
  auto& upload = *static_cast<Upload*>(user);
  const std::size_t bytes = std::min(capacity, upload.rest.size());
  std::memcpy(out, upload.rest.data(), bytes);
  upload.rest.remove_prefix(bytes);
  return bytes;
}

bool IsWorthRepeating(int status) { return status == 429 || status == 500 || status >= 502; }

std::chrono::milliseconds PauseBefore(int attempt, std::chrono::milliseconds base) {
  thread_local std::minstd_rand random(std::random_device{}());
  const auto longest = base.count() << std::min(attempt - 1, 8);
  return std::chrono::milliseconds(
      std::uniform_int_distribution<std::int64_t>(longest / 2, longest)(random));
}

}  // namespace

void S3Client::HandleClose::operator()(CURL* handle) const { curl_easy_cleanup(handle); }

S3Client::S3Client(const S3Options& options, const Clock& clock)
    : options_(options), clock_(clock) {
  InitCurlOnce();
  if (options_.endpoint.empty()) {
    host_ = options_.bucket + ".s3." + options_.region + ".amazonaws.com";
    scheme_and_host_ = "https://" + host_;
    return;
  }
  const std::size_t scheme_end = options_.endpoint.find("://") + 3;
  const std::string scheme = options_.endpoint.substr(0, scheme_end);
  host_ = options_.endpoint.substr(scheme_end);
  if (options_.path_style) {
    path_prefix_ = "/" + options_.bucket;
  } else {
    host_ = options_.bucket + "." + host_;
  }
  scheme_and_host_ = scheme + host_;
}

S3Client::~S3Client() = default;

S3Client::Handle S3Client::Acquire() {
  std::lock_guard lock(mutex_);
  if (idle_.empty()) return Handle(curl_easy_init());
  Handle handle = std::move(idle_.back());
  idle_.pop_back();
  return handle;
}

void S3Client::Release(Handle handle) {
  std::lock_guard lock(mutex_);
  if (idle_.size() < kMaxIdleHandles) idle_.push_back(std::move(handle));
}

std::string S3Client::PathOf(const std::string& key) const {
  if (key.empty() && !path_prefix_.empty()) return path_prefix_;
  return path_prefix_ + "/" + key;
}

Result<S3Response> S3Client::Attempt(CURL* handle, const S3Request& request, bool restart) {
  const TimestampMicros now = clock_.NowMicros();
  SigV4Request to_sign{.method = request.method,
                       .path = PathOf(request.key),
                       .query = request.query,
                       .headers = request.headers,
                       .payload_sha256 = Sha256Hex(request.body)};
  to_sign.headers.emplace_back("host", host_);
  to_sign.headers.emplace_back("x-amz-content-sha256", to_sign.payload_sha256);
  to_sign.headers.emplace_back("x-amz-date", AmzDate(now));
  if (!options_.session_token.empty())
    to_sign.headers.emplace_back("x-amz-security-token", options_.session_token);
  const std::string authorization =
      SignV4(to_sign, {options_.access_key, options_.secret_key, options_.session_token},
             options_.region, "s3", now);

  std::string url = scheme_and_host_ + UriEncode(to_sign.path, true);
  if (!request.query.empty()) url += "?" + CanonicalQuery(request.query);
  std::unique_ptr<curl_slist, void (*)(curl_slist*)> headers(nullptr, curl_slist_free_all);
  const auto add_header = [&](const std::string& line) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  };
  for (const auto& [name, value] : to_sign.headers) add_header(name + ": " + value);
  add_header("authorization: " + authorization);
  add_header("expect:");
  add_header("content-type:");

  Arrival arrival{handle, request, {}, {}};
  if (restart && request.sink) KALAM_TRY(request.sink({}, true));
  Upload upload{request.body};
  char reason[CURL_ERROR_SIZE] = "";
  curl_easy_reset(handle);
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_CUSTOMREQUEST, std::string(request.method).c_str());
  if (request.method == "PUT" || request.method == "POST") {
    curl_easy_setopt(handle, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(handle, CURLOPT_INFILESIZE_LARGE,
                     static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, OnUpload);
    curl_easy_setopt(handle, CURLOPT_READDATA, &upload);
  }
  if (request.method == "HEAD") curl_easy_setopt(handle, CURLOPT_NOBODY, 1L);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.get());
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, OnBody);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &arrival);
  curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, OnHeader);
  curl_easy_setopt(handle, CURLOPT_HEADERDATA, &arrival);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, OpenSocket);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, reason);
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");  // the environment's proxy would see every object
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, 5000L);
  curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.request_timeout.count()));

  const CURLcode code = curl_easy_perform(handle);
  if (!arrival.sink_status.ok()) return std::move(arrival.sink_status).error();
  if (code != CURLE_OK) {
    return Error(ErrorCode::kUnavailable,
                 fmt::format("S3 at {}: {}", host_, *reason ? reason : curl_easy_strerror(code)));
  }
  long status = 0;
  curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &status);
  arrival.response.status = static_cast<int>(status);
  return std::move(arrival.response);
}

Result<S3Response> S3Client::Send(const S3Request& request) {
  Handle handle = Acquire();
  if (!handle) return Error(ErrorCode::kUnavailable, "no memory for an S3 request");
  for (int attempt = 1;; ++attempt) {
    auto response = Attempt(handle.get(), request, attempt > 1);
    const bool final_answer = response.ok() ? !IsWorthRepeating(response->status)
                                            : response.error().code() != ErrorCode::kUnavailable;
    if (final_answer || attempt >= options_.attempts) {
      Release(std::move(handle));
      if (response.ok()) response->repeated = attempt > 1;
      return response;
    }
    std::this_thread::sleep_for(PauseBefore(attempt, options_.retry_pause));
  }
}

Error S3Client::ToError(const S3Response& response, std::string_view deed, std::string_view key) {
  const S3ErrorBody body = ParseS3Error(response.body);
  const ErrorCode code =
      response.status == 404                             ? ErrorCode::kNotFound
      : response.status == 412 || response.status == 409 ? ErrorCode::kAlreadyExists
      : response.status >= 500 || response.status == 429 ? ErrorCode::kUnavailable
                                                         : ErrorCode::kIo;
  std::string message = fmt::format("{} '{}' in S3: HTTP {}", deed, key, response.status);
  if (!body.code.empty()) message += " " + body.code;
  if (!body.message.empty()) message += ": " + body.message;
  return Error(code, std::move(message));
}

}  // namespace kalam::cold
