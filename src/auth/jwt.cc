#include "auth/jwt.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <simdjson.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/json_writer.h"
#include "base64url.h"

namespace kalam::auth {
namespace {

constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kMacTextBytes = 43;  // 32 bytes as base64url
using Mac = std::array<unsigned char, kMacBytes>;

// What SignJwt writes and most libraries do; a token that starts with it needs no header parsing.
constexpr std::string_view kUsualHeaderJson = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view kUsualHeader = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9";

struct FreeMacContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};
using MacContext = std::unique_ptr<EVP_MAC_CTX, FreeMacContext>;

MacContext NewHmacSha256(std::string_view secret) {
  EVP_MAC* const hmac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  KALAM_CHECK(hmac != nullptr, "OpenSSL has no HMAC");
  MacContext context(EVP_MAC_CTX_new(hmac));
  EVP_MAC_free(hmac);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                               OSSL_PARAM_construct_end()};
  KALAM_CHECK(EVP_MAC_init(context.get(), reinterpret_cast<const unsigned char*>(secret.data()),
                           secret.size(), params) == 1,
              "OpenSSL refuses the HMAC key");
  return context;
}

// Hashing the key costs as much as hashing a token, so each thread keeps the keyed state of the
// verifier it used last.
Mac HmacOfThread(std::uint64_t key_id, std::string_view secret, std::string_view text) {
  thread_local std::uint64_t held_id = 0;
  thread_local MacContext held;
  if (held_id != key_id) {
    held = NewHmacSha256(secret);
    held_id = key_id;
  } else {
    KALAM_CHECK(EVP_MAC_init(held.get(), nullptr, 0, nullptr) == 1, "HMAC restart");
  }
  Mac mac;
  std::size_t size = 0;
  const bool done = EVP_MAC_update(held.get(), reinterpret_cast<const unsigned char*>(text.data()),
                                   text.size()) == 1 &&
                    EVP_MAC_final(held.get(), mac.data(), &size, mac.size()) == 1 &&
                    size == mac.size();
  KALAM_CHECK(done, "HMAC");
  return mac;
}

// One JSON document at a time: the elements are views into it until the next one is read.
class JsonReader {
 public:
  // The object in `base64url`; the fault `malformed` if the text does not decode, `not_object` if
  // it is not exactly one JSON object with distinct names.
  std::variant<simdjson::dom::object, TokenFault> ReadObject(std::string_view base64url,
                                                             TokenFault not_object) {
    KALAM_CHECK(base64url.size() <= kMaxTokenBytes, "token part too long");
    const auto size = DecodeBase64Url(base64url, buffer_.data());
    if (!size) return TokenFault::kMalformed;
    simdjson::dom::object object;
    if (parser_.parse(buffer_.data(), *size, /*realloc_if_needed=*/false).get(object) !=
        simdjson::SUCCESS) {
      return not_object;
    }
    if (!HasDistinctNames(object)) return not_object;
    return object;
  }

 private:
  bool HasDistinctNames(const simdjson::dom::object& object) {
    names_.clear();
    for (const auto field : object) names_.push_back(field.key);
    std::sort(names_.begin(), names_.end());
    return std::adjacent_find(names_.begin(), names_.end()) == names_.end();
  }

  std::array<char, kMaxTokenBytes + simdjson::SIMDJSON_PADDING> buffer_{};
  simdjson::dom::parser parser_;
  std::vector<std::string_view> names_;
};

// The member `name`, if it is there and not null.
std::optional<simdjson::dom::element> Find(const simdjson::dom::object& object,
                                           std::string_view name) {
  simdjson::dom::element element;
  if (object[name].get(element) != simdjson::SUCCESS || element.is_null()) return std::nullopt;
  return element;
}

std::optional<TokenFault> CheckHeader(JsonReader& reader, std::string_view text) {
  if (text == kUsualHeader) return std::nullopt;
  const auto header = reader.ReadObject(text, TokenFault::kBadHeader);
  if (const auto* fault = std::get_if<TokenFault>(&header)) return *fault;
  const auto& object = std::get<simdjson::dom::object>(header);
  // `crit` names extensions that a reader must understand or refuse; we have none.
  if (Find(object, "crit")) return TokenFault::kBadHeader;
  std::string_view algorithm;
  const auto alg = Find(object, "alg");
  if (!alg || alg->get(algorithm) != simdjson::SUCCESS || algorithm != "HS256") {
    return TokenFault::kBadAlgorithm;
  }
  return std::nullopt;
}

// A time in seconds, perhaps with a fraction (RFC 7519 allows it). False if it isn't one.
bool ReadTime(const simdjson::dom::object& object, std::string_view name,
              std::optional<std::int64_t>& out) {
  const auto element = Find(object, name);
  if (!element) return true;
  std::int64_t whole = 0;
  if (element->get(whole) == simdjson::SUCCESS) {
    out = whole;
    return true;
  }
  constexpr double kLatest = 9e15;  // far beyond any date, exact as a double
  double fraction = 0;
  if (!element->is_double() || element->get(fraction) != simdjson::SUCCESS ||
      !(std::fabs(fraction) <= kLatest)) {
    return false;
  }
  out = static_cast<std::int64_t>(std::floor(fraction));
  return true;
}

bool ReadUserId(const simdjson::dom::object& object, UserId& out) {
  auto element = Find(object, "user_id");
  if (!element) element = Find(object, "sub");
  std::string_view text;
  if (!element || element->get(text) != simdjson::SUCCESS) return false;
  auto id = UserId::Parse(text);
  if (!id.ok()) return false;
  out = *std::move(id);
  return true;
}

// A name that is no role of ours gives the least power; among several the highest counts.
Role RoleNamed(std::string_view name) { return FindRole(name).value_or(Role::kUser); }

bool ReadRole(const simdjson::dom::object& object, std::optional<Role>& out) {
  if (const auto element = Find(object, "role")) {
    std::string_view name;
    if (element->get(name) != simdjson::SUCCESS) return false;
    out = RoleNamed(name);
  }
  if (const auto element = Find(object, "roles")) {
    simdjson::dom::array names;
    if (element->get(names) != simdjson::SUCCESS) return false;
    Role highest = Role::kUser;
    for (const simdjson::dom::element item : names) {
      std::string_view name;
      if (item.get(name) != simdjson::SUCCESS) return false;
      highest = std::max(highest, RoleNamed(name));
    }
    // Both claims present: each one lowers.
    out = LowerOf(highest, out);
  }
  return true;
}

bool HasAudience(const simdjson::dom::object& object, std::string_view wanted) {
  const auto element = Find(object, "aud");
  if (!element) return false;
  std::string_view one;
  if (element->get(one) == simdjson::SUCCESS) return one == wanted;
  simdjson::dom::array several;
  if (element->get(several) != simdjson::SUCCESS) return false;
  for (const simdjson::dom::element item : several) {
    if (item.get(one) == simdjson::SUCCESS && one == wanted) return true;
  }
  return false;
}

Verification ReadClaims(const simdjson::dom::object& payload, const JwtVerifier::Options& options) {
  Claims claims;
  if (!ReadUserId(payload, claims.user_id)) return TokenFault::kBadUserId;
  if (!ReadRole(payload, claims.role)) return TokenFault::kBadRole;

  std::optional<std::int64_t> expires_at;
  if (!ReadTime(payload, "exp", expires_at) || !ReadTime(payload, "nbf", claims.not_before) ||
      !ReadTime(payload, "iat", claims.issued_at)) {
    return TokenFault::kBadTime;
  }
  if (!expires_at) return TokenFault::kNoExpiry;
  claims.expires_at = *expires_at;

  if (const auto issuer = Find(payload, "iss")) {
    std::string_view text;
    if (issuer->get(text) != simdjson::SUCCESS) return TokenFault::kWrongIssuer;
    claims.issuer = text;
  }
  if (options.issuer && claims.issuer != *options.issuer) return TokenFault::kWrongIssuer;
  if (options.audience && !HasAudience(payload, *options.audience)) {
    return TokenFault::kWrongAudience;
  }
  return claims;
}

std::uint64_t NextKeyId() {
  static std::atomic<std::uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

std::string_view Why(TokenFault fault) {
  switch (fault) {
    case TokenFault::kTooLong: return "token is longer than 8192 bytes";
    case TokenFault::kMalformed: return "token is not three base64url parts";
    case TokenFault::kBadHeader: return "token header is not acceptable";
    case TokenFault::kBadAlgorithm: return "algorithm must be HS256";
    case TokenFault::kBadSignature: return "signature does not match";
    case TokenFault::kBadClaims: return "claims are not a JSON object with distinct names";
    case TokenFault::kBadUserId: return "claim 'user_id' or 'sub' must be a valid user id";
    case TokenFault::kBadRole: return "claim 'role' must be a string, 'roles' an array of strings";
    case TokenFault::kBadTime: return "claims 'exp', 'nbf' and 'iat' must be numbers";
    case TokenFault::kNoExpiry: return "claim 'exp' is required";
    case TokenFault::kExpired: return "token has expired";
    case TokenFault::kNotYetValid: return "token is not valid yet";
    case TokenFault::kWrongIssuer: return "claim 'iss' is not the expected issuer";
    case TokenFault::kWrongAudience: return "claim 'aud' does not name this server";
  }
  return "unknown reason";
}

std::string ToJson(const Claims& claims) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("user_id").String(claims.user_id.text()).Key("sub").String(claims.user_id.text());
  json.Key("exp").Int(claims.expires_at);
  if (claims.issued_at) json.Key("iat").Int(*claims.issued_at);
  if (claims.not_before) json.Key("nbf").Int(*claims.not_before);
  if (claims.role) json.Key("role").String(ToString(*claims.role));
  if (!claims.issuer.empty()) json.Key("iss").String(claims.issuer);
  if (!claims.audience.empty()) json.Key("aud").String(claims.audience);
  json.EndObject();
  return out;
}

}  // namespace

std::string_view FaultCode(TokenFault fault) {
  return fault == TokenFault::kExpired ? "TOKEN_EXPIRED" : "INVALID_TOKEN";
}

std::string FaultMessage(TokenFault fault) {
  if (fault == TokenFault::kExpired) return "JWT token has expired";
  return "JWT validation failed: " + std::string(Why(fault));
}

JwtVerifier::JwtVerifier(Options options) : options_(std::move(options)), key_id_(NextKeyId()) {
  KALAM_CHECK(!options_.secret.empty(), "an empty JWT secret would accept everybody");
}

Verification JwtVerifier::Verify(std::string_view token, TimestampMicros now) const {
  if (token.size() > kMaxTokenBytes) return TokenFault::kTooLong;
  const std::size_t first = token.find('.');
  const std::size_t last = token.rfind('.');
  if (first == last || token.find('.', first + 1) != last) return TokenFault::kMalformed;

  thread_local JsonReader reader;
  if (const auto fault = CheckHeader(reader, token.substr(0, first))) return *fault;

  const std::string_view signature = token.substr(last + 1);
  Mac given;
  if (signature.size() != kMacTextBytes) return TokenFault::kBadSignature;
  if (!DecodeBase64Url(signature, reinterpret_cast<char*>(given.data()))) {
    return TokenFault::kMalformed;
  }
  const Mac expected = HmacOfThread(key_id_, options_.secret, token.substr(0, last));
  if (CRYPTO_memcmp(expected.data(), given.data(), kMacBytes) != 0) {
    return TokenFault::kBadSignature;
  }

  const auto payload =
      reader.ReadObject(token.substr(first + 1, last - first - 1), TokenFault::kBadClaims);
  if (const auto* fault = std::get_if<TokenFault>(&payload)) return *fault;
  Verification claims = ReadClaims(std::get<simdjson::dom::object>(payload), options_);
  if (const auto* read = std::get_if<Claims>(&claims)) {
    if (const auto fault = CheckTimes(*read, now)) return *fault;
  }
  return claims;
}

std::optional<TokenFault> JwtVerifier::CheckTimes(const Claims& claims, TimestampMicros now) const {
  const std::int64_t seconds = now / 1'000'000;
  const std::int64_t leeway = options_.leeway.count();
  if (seconds - leeway >= claims.expires_at) return TokenFault::kExpired;
  if (claims.not_before && seconds + leeway < *claims.not_before) return TokenFault::kNotYetValid;
  return std::nullopt;
}

std::string SignJwt(const Claims& claims, std::string_view secret) {
  std::string token = EncodeBase64Url(kUsualHeaderJson) + "." + EncodeBase64Url(ToJson(claims));
  Mac mac;
  unsigned int size = 0;
  const auto* signed_by =
      HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
           reinterpret_cast<const unsigned char*>(token.data()), token.size(), mac.data(), &size);
  KALAM_CHECK(signed_by != nullptr && size == mac.size(), "HMAC");
  token += "." + EncodeBase64Url({reinterpret_cast<const char*>(mac.data()), mac.size()});
  return token;
}

}  // namespace kalam::auth
