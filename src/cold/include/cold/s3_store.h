#pragma once

#include "base/clock.h"
#include "cold/object_store.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace kalam::cold {

struct S3Options {
  std::string bucket;
  std::string prefix;  // below which all objects lie: empty, or ends with `/`
  std::string region = "us-east-1";
  std::string endpoint;  // `http://127.0.0.1:9000`; empty: AWS, by region and bucket
  // https://endpoint/bucket/key instead of https://bucket.endpoint/key: for MinIO, Ceph RGW and
  // others. AWS itself is always asked the second way.
  bool path_style = true;
  std::string access_key;
  std::string secret_key;
  std::string session_token;
  // Hosts that an endpoint may name, beside AWS's own and loopback. Link-local addresses, where
  // clouds keep their metadata services, are refused whatever a name resolves to.
  std::vector<std::string> allowed_endpoint_hosts;

  std::filesystem::path staging_folder;  // on this machine; must exist
  std::uint64_t part_bytes = std::uint64_t{8}
                             << 20;  // larger files go in parts of this size (S3: at least 5 MiB)
  std::chrono::milliseconds request_timeout{60'000};
  std::chrono::milliseconds retry_pause{100};  // doubled for each further attempt, with jitter
  int attempts = 5;
};

// Objects in an S3 bucket, or anything that speaks its protocol. Requests are signed (SigV4), never
// follow a redirect, and are repeated after connection failures, 429 and 5xx. A large file is sent
// in parts; one that fails half-way is aborted, so that no part stays behind and is paid for.
//
// PutFile asks the server for a new name (`If-None-Match: *`). Servers that do not know the
// condition overwrite, so names must be unique by themselves; ours are (a time and, per partition,
// the manifest's commit).
//
// Errors: kInvalidArgument for options that can't work (endpoint not allowed, bad bucket name). No
// request is made here: a storage may be defined before its server is up.
Result<std::unique_ptr<ObjectStore>> OpenS3Store(S3Options options, const Clock& clock);

}  // namespace kalam::cold
