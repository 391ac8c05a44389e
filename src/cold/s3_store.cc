#include "cold/s3_store.h"

#include "file_descriptor.h"
#include "s3_client.h"
#include "s3_xml.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

namespace kalam::cold {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMaxParts = 10'000;  // S3's own limit

Error LocalError(std::string_view deed, const fs::path& path) {
  return Error(ErrorCode::kIo,
               fmt::format("{} '{}': {}", deed, path.string(), std::strerror(errno)));
}

Result<std::string> ReadPart(int fd, const fs::path& path, std::uint64_t offset,
                             std::uint64_t bytes) {
  std::string part(bytes, '\0');
  for (std::size_t have = 0; have < bytes;) {
    const ssize_t got =
        ::pread(fd, part.data() + have, bytes - have, static_cast<off_t>(offset + have));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return LocalError("read", path);
    if (got == 0)
      return Error(ErrorCode::kIo, "'" + path.string() + "' shrank while it was stored");
    have += static_cast<std::size_t>(got);
  }
  return part;
}

Status WriteAll(int fd, const fs::path& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return LocalError("write", path);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

class S3Store final : public ObjectStore {
 public:
  S3Store(const S3Options& options, const Clock& clock)
      : prefix_(options.prefix),
        staging_(options.staging_folder),
        part_bytes_(options.part_bytes),
        client_(options, clock) {}

  const fs::path& staging_folder() const override { return staging_; }

  Status PutFile(const ObjectName& name, const fs::path& local) override {
    const FileDescriptor file(::open(local.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    struct stat info {};
    if (!file || ::fstat(file.get(), &info) != 0) return LocalError("open", local);
    const auto bytes = static_cast<std::uint64_t>(info.st_size);
    // Not every server knows the condition that the requests carry as well.
    KALAM_TRY_ASSIGN(const bool taken, IsTaken(name));
    if (taken) return Error(ErrorCode::kAlreadyExists, "store '" + KeyOf(name) + "' in S3: the name is taken");
    KALAM_TRY(bytes <= part_bytes_ ? PutWhole(name, file.get(), local, bytes)
                                   : PutInParts(name, file.get(), local, bytes));
    ::unlink(local.c_str());
    return {};
  }

  Result<std::string> GetRange(const ObjectName& name, std::uint64_t offset,
                               std::uint64_t bytes) const override {
    if (bytes == 0) return std::string();
    const S3Request request{
        .key = KeyOf(name),
        .headers = {{"range", fmt::format("bytes={}-{}", offset, offset + bytes - 1)}}};
    KALAM_TRY_ASSIGN(S3Response response, client_.Send(request));
    if (response.status == 416) return std::string();  // begins behind the object's end
    if (response.status != 206) return Refused(response, "read", name);
    return std::move(response.body);
  }

  Status Fetch(const ObjectName& name, const fs::path& local) const override {
    const FileDescriptor copy(::open(local.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640));
    if (!copy) return LocalError("create", local);
    const S3Request request{
        .key = KeyOf(name), .sink = [&](std::string_view piece, bool restart) -> Status {
          if (restart &&
              (::ftruncate(copy.get(), 0) != 0 || ::lseek(copy.get(), 0, SEEK_SET) != 0)) {
            return LocalError("write", local);
          }
          return WriteAll(copy.get(), local, piece);
        }};
    auto response = client_.Send(request);
    if (response.ok() && response->status == 200) return {};
    ::unlink(local.c_str());
    if (!response.ok()) return std::move(response).error();
    return Refused(*response, "read", name);
  }

  std::optional<fs::path> LocalPath(const ObjectName&) const override { return std::nullopt; }

  Status List(std::string_view prefix, const ListFn& use) const override {
    std::string token;
    do {
      S3Request request{.key = "",
                        .query = {{"list-type", "2"}, {"prefix", prefix_ + std::string(prefix)}}};
      if (!token.empty()) request.query.emplace_back("continuation-token", token);
      KALAM_TRY_ASSIGN(const S3Response response, client_.Send(request));
      if (response.status != 200)
        return S3Client::ToError(response, "list", prefix_ + std::string(prefix));
      KALAM_TRY_ASSIGN(const S3ListPage page, ParseS3ListPage(response.body));
      for (const auto& entry : page.entries) {
        if (!entry.key.starts_with(prefix_)) continue;
        auto name = ObjectName::Parse(std::string_view(entry.key).substr(prefix_.size()));
        if (name.ok()) KALAM_TRY(use({*std::move(name), entry.bytes}));
      }
      token = page.continuation_token;
    } while (!token.empty());
    return {};
  }

  Status Delete(const ObjectName& name) override {
    KALAM_TRY_ASSIGN(const S3Response response,
                     client_.Send({.method = "DELETE", .key = KeyOf(name)}));
    if (response.status < 300 || response.status == 404) return {};
    return Refused(response, "delete", name);
  }

 private:
  std::string KeyOf(const ObjectName& name) const { return prefix_ + name.text(); }

  Error Refused(const S3Response& response, std::string_view deed, const ObjectName& name) const {
    return S3Client::ToError(response, deed, KeyOf(name));
  }

  Result<bool> IsTaken(const ObjectName& name) const {
    KALAM_TRY_ASSIGN(const S3Response response, client_.Send({.method = "HEAD", .key = KeyOf(name)}));
    if (response.status >= 500 || response.status == 429) return Refused(response, "look for", name);
    // Who may not list gets 403 for what is not there; other refusals are told, with words, by what comes next.
    return response.status == 200;
  }

  Status PutWhole(const ObjectName& name, int fd, const fs::path& local,
                  std::uint64_t bytes) const {
    KALAM_TRY_ASSIGN(const std::string body, ReadPart(fd, local, 0, bytes));
    KALAM_TRY_ASSIGN(const S3Response response, client_.Send({.method = "PUT",
                                                              .key = KeyOf(name),
                                                              .headers = {{"if-none-match", "*"}},
                                                              .body = body}));
    if (response.status == 200) return {};
    KALAM_TRY_ASSIGN(const bool stored_before, WasStored(response, name, fd, local, bytes));
    if (stored_before) return {};
    return Refused(response, "store", name);
  }

  // A refusal because the name is taken: by an earlier attempt of the same request, whose answer was lost?
  Result<bool> WasStored(const S3Response& response, const ObjectName& name, int fd, const fs::path& local,
                         std::uint64_t bytes) const {
    const bool refused = response.status == 412 || response.status == 409 || response.status == 404;
    if (!response.repeated || !refused) return false;
    KALAM_TRY_ASSIGN(const S3Response there, client_.Send({.method = "HEAD", .key = KeyOf(name)}));
    const auto length = there.headers.find("content-length");
    if (there.status != 200 || length == there.headers.end() || length->second != std::to_string(bytes)) return false;
    for (std::uint64_t offset = 0; offset < bytes; offset += part_bytes_) {
      KALAM_TRY_ASSIGN(const std::string ours, ReadPart(fd, local, offset, std::min(part_bytes_, bytes - offset)));
      KALAM_TRY_ASSIGN(const std::string theirs, GetRange(name, offset, ours.size()));
      if (theirs != ours) return false;
    }
    return true;
  }

  Status PutInParts(const ObjectName& name, int fd, const fs::path& local,
                    std::uint64_t bytes) const {
    KALAM_TRY_ASSIGN(
        const S3Response begun,
        client_.Send({.method = "POST", .key = KeyOf(name), .query = {{"uploads", ""}}}));
    if (begun.status != 200) return Refused(begun, "begin to store", name);
    KALAM_TRY_ASSIGN(const std::string upload_id, ParseS3UploadId(begun.body));
    Status status = SendParts(name, fd, local, bytes, upload_id);
    if (!status.ok()) {
      // Best effort: what can't be reached now is cleaned by the bucket's own rule for aborted
      // uploads.
      (void)client_.Send(
          {.method = "DELETE", .key = KeyOf(name), .query = {{"uploadId", upload_id}}});
    }
    return status;
  }

  Status SendParts(const ObjectName& name, int fd, const fs::path& local, std::uint64_t bytes,
                   const std::string& upload_id) const {
    const std::uint64_t part_bytes = std::max(part_bytes_, (bytes + kMaxParts - 1) / kMaxParts);
    std::vector<std::string> etags;
    for (std::uint64_t offset = 0; offset < bytes; offset += part_bytes) {
      KALAM_TRY_ASSIGN(const std::string part,
                       ReadPart(fd, local, offset, std::min(part_bytes, bytes - offset)));
      KALAM_TRY_ASSIGN(const S3Response sent,
                       client_.Send({.method = "PUT",
                                     .key = KeyOf(name),
                                     .query = {{"partNumber", std::to_string(etags.size() + 1)},
                                               {"uploadId", upload_id}},
                                     .body = part}));
      const auto etag = sent.headers.find("etag");
      if (sent.status != 200 || etag == sent.headers.end())
        return Refused(sent, "store a part of", name);
      etags.push_back(etag->second);
    }
    KALAM_TRY_ASSIGN(const S3Response done, client_.Send({.method = "POST",
                                                          .key = KeyOf(name),
                                                          .query = {{"uploadId", upload_id}},
                                                          .headers = {{"if-none-match", "*"}},
                                                          .body = S3CompleteBody(etags)}));
    // A completion that fails late is told in the body of a 200.
    if (done.status == 200 && ParseS3Error(done.body).code.empty()) return {};
    KALAM_TRY_ASSIGN(const bool stored_before, WasStored(done, name, fd, local, bytes));
    if (stored_before) return {};
    return Refused(done, "finish storing", name);
  }

  const std::string prefix_;
  const fs::path staging_;
  const std::uint64_t part_bytes_;
  mutable S3Client client_;
};

bool IsBucketName(std::string_view name) {
  if (name.size() < 3 || name.size() > 63) return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  });
}

// `http://127.0.0.1:9000` -> `127.0.0.1`; nullopt unless it is a scheme, a host and perhaps a port.
std::optional<std::string> HostOfEndpoint(std::string_view endpoint) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!endpoint.starts_with(scheme)) continue;
    std::string_view host = endpoint.substr(scheme.size());
    if (host.empty() || host.find_first_of("/?#@ ") != std::string_view::npos) return std::nullopt;
    const std::size_t port = host.front() == '[' ? host.find("]:") : host.find(':');
    if (port != std::string_view::npos)
      host = host.substr(0, host.front() == '[' ? port + 1 : port);
    return std::string(host);
  }
  return std::nullopt;
}

bool IsAllowedHost(std::string_view host, const std::vector<std::string>& allowed) {
  if (host == "localhost" || host == "127.0.0.1" || host == "[::1]" ||
      host.ends_with(".amazonaws.com"))
    return true;
  return std::find(allowed.begin(), allowed.end(), host) != allowed.end();
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> OpenS3Store(S3Options options, const Clock& clock) {
  if (!IsBucketName(options.bucket)) {
    return Error(ErrorCode::kInvalidArgument, "'" + options.bucket + "' is no valid bucket name");
  }
  if (!options.endpoint.empty()) {
    const auto host = HostOfEndpoint(options.endpoint);
    if (!host) {
      return Error(ErrorCode::kInvalidArgument,
                   "endpoint '" + options.endpoint +
                       "' must be http:// or https://, a host and perhaps a port");
    }
    if (!IsAllowedHost(*host, options.allowed_endpoint_hosts)) {
      return Error(
          ErrorCode::kInvalidArgument,
          "endpoint host '" + *host + "' is not listed in storage.s3_allowed_endpoint_hosts");
    }
  }
  return std::unique_ptr<ObjectStore>(std::make_unique<S3Store>(options, clock));
}

}  // namespace kalam::cold
