#include "settings.h"

#include <algorithm>
#include <cmath>
#include <string_view>

namespace kalam::cli {

namespace {

std::string FromEnvironment(const Environment& env, const char* name) {
  const char* value = env(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool HasPort(std::string_view url) {
  const std::size_t scheme = url.find("://");
  if (scheme != std::string_view::npos) url.remove_prefix(scheme + 3);
  url = url.substr(0, url.find('/'));
  const std::size_t bracket = url.rfind(']');
  const std::size_t colon = url.rfind(':');
  return colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
}

std::string WithPort(std::string url, int port) {
  const std::size_t scheme = url.find("://");
  const std::size_t authority = scheme == std::string::npos ? 0 : scheme + 3;
  std::size_t end = url.find('/', authority);
  if (end == std::string::npos) end = url.size();
  if (HasPort(url)) {
    const std::size_t colon = url.rfind(':', end);
    url.erase(colon, end - colon);
    end = colon;
  }
  return url.insert(end, ":" + std::to_string(port));
}

std::string ResolveUrl(const Options& options, const Config& config, const Environment& env) {
  std::string url;
  if (options.url) {
    url = *options.url;
  } else if (options.host) {
    url = *options.host;
  } else if (auto from_env = FromEnvironment(env, "KALAM_URL");
             !from_env.empty() && !options.port) {
    url = std::move(from_env);
  } else {
    url = config.host.value_or("http://localhost:8080");
  }
  return options.port ? WithPort(std::move(url), *options.port) : url;
}

Auth ResolveAuth(const Options& options, const Config& config, const Environment& env) {
  if (options.token) return Auth::Jwt(*options.token);
  if (options.api_key) return Auth::ApiKey(*options.api_key);
  if (auto token = FromEnvironment(env, "KALAM_TOKEN"); !token.empty()) {
    return Auth::Jwt(std::move(token));
  }
  if (config.token) return Auth::Jwt(*config.token);
  if (config.api_key) return Auth::ApiKey(*config.api_key);
  return Auth::None();
}

std::chrono::milliseconds Milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::ceil(seconds * 1000)));
}

}  // namespace

std::optional<Format> FormatNamed(std::string_view name) {
  if (name == "table") return Format::kTable;
  if (name == "json") return Format::kJson;
  if (name == "csv") return Format::kCsv;
  if (name == "ndjson") return Format::kNdjson;
  return std::nullopt;
}

Settings ResolveSettings(const Options& options, const Config& config, const Environment& env) {
  Settings settings;
  settings.url = ResolveUrl(options, config, env);
  settings.auth = ResolveAuth(options, config, env);
  if (options.user_id) {
    settings.user_id = *options.user_id;
  } else if (settings.auth.kind() == Auth::Kind::kNone) {
    // Beside a token, the file's `user` would only contradict the user that the token names.
    settings.user_id = config.user.value_or("");
  }
  if (const auto timeout =
          options.timeout_seconds ? options.timeout_seconds : config.timeout_seconds) {
    settings.timeout = Milliseconds(*timeout);
  }
  if (config.max_rows) settings.max_rows = static_cast<std::size_t>(std::max(0, *config.max_rows));
  settings.max_retries = config.max_retries.value_or(settings.max_retries);

  if (config.history_size && *config.history_size > 0) {
    settings.history_size = static_cast<std::size_t>(*config.history_size);
  }

  const std::string format = options.format ? *options.format : config.format.value_or("table");
  settings.format = FormatNamed(format).value_or(Format::kTable);

  if (options.color) {
    settings.color = options.color;
  } else if (!FromEnvironment(env, "NO_COLOR").empty() || !config.color.value_or(true)) {
    settings.color = false;
  }
  return settings;
}

Result<Client> Connect(const Settings& settings) {
  return Client::Builder()
      .Host(settings.url)
      .User(settings.user_id)
      .Auth(settings.auth)
      .Timeout(settings.timeout)
      .MaxRetries(settings.max_retries)
      .Build();
}

}  // namespace kalam::cli
