#include "server/config.h"

#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <set>
#include <unordered_map>

#include <toml++/toml.h>

#include "auth/origin.h"
#include "config_keys.h"

namespace kalam::server {
namespace {

constexpr std::size_t kMaxFileBytes = 1 << 20;
// RFC 7518 asks for a key as long as the hash.
constexpr std::size_t kShortSecretBytes = 32;

// Where a value came from; the later ones win.
enum class Layer { kDefault, kFile, kEnvironment, kFlags };

Error Invalid(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

// Collects values in the order of their layers.
class Loader {
 public:
  Loader() {
    for (const ConfigKey& key : ConfigKeys()) {
      by_name_.emplace(key.name, &key);
      for (const std::string& alias : key.aliases) by_name_.emplace(alias, &key);
    }
  }

  Status ReadFile(const std::string& path);
  Status ReadEnvironment(const Settings& environment);
  Status ReadFlags(const Settings& flags);
  Result<ServerConfig> Finish();

 private:
  Status ReadTable(const toml::table& table, const std::string& prefix, const std::string& file);
  Status ReadNode(const toml::node& node, const std::string& name, const std::string& at);
  Status Set(const ConfigKey& key, const RawValue& raw, Layer layer);
  void PlaceBelowDataDir();
  Status CheckTogether();
  void Warn();

  const ConfigKey* Find(std::string_view name) const {
    const auto found = by_name_.find(std::string(name));
    return found == by_name_.end() ? nullptr : found->second;
  }
  bool IsSection(std::string_view name) const {
    return std::any_of(by_name_.begin(), by_name_.end(), [&](const auto& entry) {
      return entry.first.size() > name.size() && entry.first.starts_with(name) &&
             entry.first[name.size()] == '.';
    });
  }
  Layer LayerOf(const std::string& name) const {
    const auto found = layers_.find(name);
    return found == layers_.end() ? Layer::kDefault : found->second;
  }

  ServerConfig config_;
  std::unordered_map<std::string, const ConfigKey*> by_name_;   // names and aliases
  std::unordered_map<std::string, Layer> layers_;               // of the keys that were given
  std::unordered_map<std::string, std::string> given_in_file_;  // key -> the name used there
};

// "config.toml:3"
std::string At(const std::string& file, const toml::source_region& region) {
  return file + ":" + std::to_string(region.begin.line);
}

RawValue RawOf(const toml::node& node) {
  if (const auto* value = node.as_boolean()) return value->get();
  if (const auto* value = node.as_integer()) return value->get();
  if (const auto* value = node.as_floating_point()) return value->get();
  if (const auto* value = node.as_string()) return value->get();
  if (node.is_table()) return OtherValue{"a section"};
  if (const auto* array = node.as_array()) {
    std::vector<std::string> items;
    for (const toml::node& item : *array) {
      const auto* text = item.as_string();
      if (text == nullptr) return OtherValue{"an array of other things"};
      items.push_back(text->get());
    }
    return items;
  }
  return OtherValue{"a date or time"};
}

Result<std::string> ReadWholeFile(const std::string& path) {
  const auto failed = [&](const std::string& why) {
    return Error(ErrorCode::kIo, "can't read configuration file '" + path + "': " + why);
  };
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) return failed("no such file");
  if (error) return failed(error.message());
  if (std::filesystem::is_directory(status)) return failed("it is a folder");
  std::ifstream file(path, std::ios::binary);
  if (!file) return failed("permission denied");
  std::string text(kMaxFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad()) return failed("read error");
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxFileBytes) return failed("it is larger than 1 MiB");
  return text;
}

Status Loader::ReadFile(const std::string& path) {
  KALAM_TRY_ASSIGN(const std::string text, ReadWholeFile(path));
  try {
    return ReadTable(toml::parse(text), "", path);
  } catch (const toml::parse_error& error) {
    return Invalid(At(path, error.source()) + ":" + std::to_string(error.source().begin.column) +
                   ": " + std::string(error.description()));
  }
}

Status Loader::ReadTable(const toml::table& table, const std::string& prefix,
                         const std::string& file) {
  for (const auto& [key, node] : table) {
    const std::string name = prefix + std::string(key.str());
    const std::string at = At(file, key.source());
    const toml::table* section = node.as_table();
    if (section != nullptr && Find(name) == nullptr) {
      if (!IsSection(name)) return Invalid(at + ": unknown section '" + name + "'");
      KALAM_TRY(ReadTable(*section, name + ".", file));
    } else {
      KALAM_TRY(ReadNode(node, name, at));
    }
  }
  return {};
}

Status Loader::ReadNode(const toml::node& node, const std::string& name, const std::string& at) {
  const ConfigKey* key = Find(name);
  if (key == nullptr) {
    if (IsSection(name)) return Invalid(at + ": '" + name + "' must be a section");
    return Invalid(at + ": unknown key '" + name + "'");
  }
  if (const auto [first, is_new] = given_in_file_.emplace(key->name, name); !is_new) {
    return Invalid(at + ": " + key->name + " is given twice, as " + first->second + " and as " +
                   name);
  }
  return Set(*key, RawOf(node), Layer::kFile).Context(at);
}

// The names under which the environment may give `key`; the last one wins.
std::vector<std::string> VariablesOf(const ConfigKey& key) {
  std::vector<std::string> names = key.variables;
  for (const std::string& alias : key.aliases) names.push_back(VariableOf(alias));
  names.push_back(VariableOf(key.name));
  return names;
}

Status Loader::ReadEnvironment(const Settings& environment) {
  std::set<std::string, std::less<>> known;
  for (const ConfigKey& key : ConfigKeys()) {
    for (const std::string& name : VariablesOf(key)) {
      known.insert(name);
      const auto given = environment.find(name);
      if (given == environment.end()) continue;
      KALAM_TRY(Set(key, TextValue{given->second}, Layer::kEnvironment)
                    .Context("environment variable " + name));
    }
  }
  for (const auto& [name, value] : environment) {
    if (name.starts_with("KALAMDB_") && !known.contains(name)) {
      config_.warnings.push_back("environment variable " + name + " is no setting; ignored");
    }
  }
  return {};
}

Status Loader::ReadFlags(const Settings& flags) {
  for (const auto& [name, text] : flags) {
    const ConfigKey* key = Find(name);
    if (key == nullptr) return Invalid("command line: unknown key '" + name + "'");
    KALAM_TRY(Set(*key, TextValue{text}, Layer::kFlags).Context("command line"));
  }
  return {};
}

Status Loader::Set(const ConfigKey& key, const RawValue& raw, Layer layer) {
  layers_[key.name] = layer;
  return key.Set(config_, raw);
}

std::string BelowDataDir(const ServerConfig& config, const ConfigKey& key) {
  const std::string& folder = config.storage.data_dir;
  return folder + (folder.ends_with('/') ? "" : "/") + key.below_data_dir;
}

// A path follows storage.data_dir unless it was itself given at least as late: KALAMDB_DATA_DIR
// moves everything, also what the file places elsewhere.
void Loader::PlaceBelowDataDir() {
  const Layer moved = LayerOf("storage.data_dir");
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.below_data_dir.empty()) continue;
    const Layer given = LayerOf(key.name);
    if (given != Layer::kDefault && given >= moved) continue;
    const Status placed = key.Set(config_, TextValue{BelowDataDir(config_, key)});
    KALAM_CHECK(placed.ok(), "a path below the data folder is a path");
  }
}

bool IsLoopback(const std::string& host) {
  if (host == "::1") return true;
  return host.find(':') == std::string::npos && auth::IsLoopbackHost(host);
}

Status Loader::CheckTogether() {
  if (config_.auth.jwt_secret == kDevelopmentJwtSecret && !IsLoopback(config_.server.host)) {
    return Invalid(
        "server.host '" + config_.server.host +
        "' can be reached from outside while auth.jwt_secret is the development default: "
        "set auth.jwt_secret (KALAMDB_AUTH_JWT_SECRET), or server.host to 127.0.0.1");
  }
  if (config_.limits.default_query_limit > config_.limits.max_query_limit) {
    return Invalid("limits.default_query_limit must be at most limits.max_query_limit");
  }
  if (!config_.storage.enable_wal) {
    return Invalid("storage.enable_wal must be true: without it nothing acknowledged is durable");
  }
  return {};
}

void Loader::Warn() {
  const std::string& secret = config_.auth.jwt_secret;
  if (secret == kDevelopmentJwtSecret) {
    config_.warnings.push_back(
        "auth.jwt_secret is the development default: anybody can make tokens for this server");
  } else if (secret.size() < kShortSecretBytes) {
    config_.warnings.push_back("auth.jwt_secret is shorter than 32 bytes");
  }
  if (config_.server.test_api_key && !IsLoopback(config_.server.host)) {
    config_.warnings.push_back(
        "server.test_api_key is set: whoever knows it acts as user 'system' from anywhere");
  }
}

Result<ServerConfig> Loader::Finish() {
  PlaceBelowDataDir();
  KALAM_TRY(CheckTogether());
  Warn();
  return std::move(config_);
}

}  // namespace

Result<ServerConfig> LoadConfig(const std::optional<std::string>& path, const Settings& environment,
                                const Settings& flags) {
  Loader loader;
  const std::string default_file(kDefaultConfigFile);
  std::error_code ignored;
  if (path) {
    KALAM_TRY(loader.ReadFile(*path));
  } else if (std::filesystem::exists(default_file, ignored)) {
    KALAM_TRY(loader.ReadFile(default_file));
  }
  KALAM_TRY(loader.ReadEnvironment(environment));
  KALAM_TRY(loader.ReadFlags(flags));
  return loader.Finish();
}

Settings ProcessEnvironment() {
  Settings settings;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    settings.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return settings;
}

namespace {

constexpr std::string_view kPreamble =
    R"(# Configuration of kalamdb-server: every key with its value, which is the default in
# config.example.toml. All keys are optional; an unknown one is an error. Sizes are bytes, times are
# seconds unless the name says otherwise.
#
# Each key can also be given in the environment, as KALAMDB_<SECTION>_<KEY> in upper case, for
# example KALAMDB_SERVER_PORT=8081, a list with commas. The environment wins over this file, flags
# win over both. KALAMDB_DATA_DIR (or --data-dir) moves everything that the server stores.
)";

// `text` as comment lines of at most 100 columns.
std::string Comment(std::string_view text) {
  constexpr std::size_t kColumns = 98;
  std::string comment;
  while (!text.empty()) {
    std::size_t end = text.size();
    if (end > kColumns) end = text.rfind(' ', kColumns);
    comment += "# " + std::string(text.substr(0, end)) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return comment;
}

std::string OtherNames(const ConfigKey& key) {
  std::string names;
  for (const std::string& alias : key.aliases) names += (names.empty() ? "" : ", ") + alias;
  for (const std::string& name : key.variables) names += (names.empty() ? "" : ", ") + name;
  return names.empty() ? names : " Also: " + names + ".";
}

std::string AssignmentLine(const ServerConfig& config, const ConfigKey& key) {
  const std::string name(key.short_name());
  const auto value = key.print(config);
  if (!value) return "# " + name + " = \"\"\n";
  // Only the default of a secret is no secret.
  if (key.secret && value != key.print(ServerConfig())) return "# " + name + " is set\n";
  const bool follows = !key.below_data_dir.empty() && value == QuoteToml(BelowDataDir(config, key));
  return (follows ? "# " : "") + name + " = " + *value + "\n";
}

}  // namespace

std::string DescribeConfig(const ServerConfig& config) {
  std::string text(kPreamble);
  std::string_view section;
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.section() != section) {
      section = key.section();
      text += "\n[" + std::string(section) + "]\n";
    }
    text += Comment(key.doc + OtherNames(key)) + AssignmentLine(config, key);
  }
  return text;
}

}  // namespace kalam::server
