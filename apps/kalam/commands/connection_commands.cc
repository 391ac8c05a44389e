#include "commands/actions.h"
#include "commands/shell.h"
#include "text_width.h"

#include <algorithm>
#include <charconv>

namespace kalam::cli::commands {

namespace {

const char* ToString(Auth::Kind kind) {
  switch (kind) {
    case Auth::Kind::kNone:
      return "none";
    case Auth::Kind::kJwt:
      return "JWT token";
    case Auth::Kind::kApiKey:
      return "API key";
  }
  return "?";
}

const char* ToString(Format format) {
  switch (format) {
    case Format::kTable:
      return "table";
    case Format::kJson:
      return "json";
    case Format::kCsv:
      return "csv";
    case Format::kNdjson:
      return "ndjson";
  }
  return "?";
}

std::string ShownUser(const Settings& settings) {
  if (!settings.user_id.empty()) return ToDisplayText(settings.user_id).text;
  return settings.auth.kind() == Auth::Kind::kNone ? "(the server's default user)" : "(from the credentials)";
}

// What was asked for, as far as it is not in the settings already. nullopt: not understood.
std::optional<Options> OptionsIn(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (!word.starts_with('-')) {
      if (options.url) return std::nullopt;
      options.url = word;
      continue;
    }
    if (++i == words.size()) return std::nullopt;
    const std::string& value = words[i];
    if (word == "-h" || word == "-H" || word == "--host" || word == "--url") {
      options.url = value;
    } else if (word == "-u" || word == "--user" || word == "--user-id") {
      options.user_id = value;
    } else if (word == "--token") {
      options.token = value;
    } else if (word == "--apikey") {
      options.api_key = value;
    } else if (word == "-p" || word == "--port") {
      int port = 0;
      const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), port);
      if (failure != std::errc() || end != value.data() + value.size() || port < 1 || port > 65535) return std::nullopt;
      options.port = port;
    } else {
      return std::nullopt;
    }
  }
  return options;
}

// The settings in force with `options` on top. A token is for the server it was given for: it does not travel to
// another one, and another user does not inherit it.
Settings Changed(const Settings& now, const std::string& connected_url, const Options& options) {
  Config base;
  base.host = now.url;
  Settings next = now;
  const Settings resolved = ResolveSettings(options, base, [](const char*) { return nullptr; });
  next.url = resolved.url;
  if (options.user_id) next.user_id = *options.user_id;
  if (options.token || options.api_key) {
    next.auth = resolved.auth;
    next.user_id = resolved.user_id;
    return next;
  }
  const auto canonical = cli::Connect(next);
  const bool same_server = canonical && canonical->url() == connected_url;
  if (!same_server || options.user_id) next.auth = Auth::None();
  return next;
}

}  // namespace

Next Connect(Shell& shell, std::string_view argument) {
  const auto options = OptionsIn(WordsOf(argument));
  if (!options || argument.empty()) {
    shell.Say("Usage: \\connect <url>, or \\connect -h URL -u USER --token TOKEN\n");
    return Next::kContinue;
  }
  const auto health = shell.Connect(Changed(shell.settings(), shell.session().client().url(), *options));
  if (!health) {
    shell.Failed(health.error());
    shell.Say("Still connected to " + shell.session().client().url() + "\n");
    return Next::kContinue;
  }
  shell.Say("Connected to " + shell.session().client().url() + " as " + ShownUser(shell.settings()) + "\n");
  return Next::kContinue;
}

Next ShowConfig(Shell& shell, std::string_view) {
  const Settings& settings = shell.settings();
  const OutputStyle& style = shell.style();
  const auto line = [](std::string name, const std::string& value) {
    name.resize(10, ' ');
    return name + value + "\n";
  };
  shell.Say(line("Host:", shell.session().client().url()) + line("User:", ShownUser(settings)) +
            line("Auth:", ToString(settings.auth.kind())) + line("Format:", ToString(style.format)) +
            line("Color:", style.color ? "on" : "off") + line("Timing:", style.timing ? "on" : "off") +
            line("Timeout:", std::to_string(settings.timeout.count() / 1000) + " s"));
  return Next::kContinue;
}

Next ShowHealth(Shell& shell, std::string_view) {
  const auto health = shell.session().client().Health();
  if (shell.show_online) shell.show_online(health.ok());
  if (!health) {
    shell.Failed(health.error());
    return Next::kContinue;
  }
  std::string text = "Status: " + ToDisplayText(health->status).text + "\nVersion: " +
                     ToDisplayText(health->version).text + "\nUptime: " + std::to_string(health->uptime_seconds) +
                     " s\n";
  if (health->connections) text += "Connections: " + std::to_string(*health->connections) + "\n";
  if (health->subscriptions) text += "Subscriptions: " + std::to_string(*health->subscriptions) + "\n";
  shell.Say(text);
  return Next::kContinue;
}

}  // namespace kalam::cli::commands
