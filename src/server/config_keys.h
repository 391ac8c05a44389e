#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config_value.h"

namespace kalam::server {

// One setting: its name in the file, what it means, which values it takes, and its member. The file
// reader, the environment, the flags and the printed reference are all driven by this list.
struct ConfigKey {
  std::string name;  // "storage.rocksdb.write_buffer_size"
  std::string doc;
  IntegerRange range;                  // integers and durations
  std::vector<std::string> aliases;    // older names in the file, each also one in the environment
  std::vector<std::string> variables;  // further names in the environment
  bool secret = false;                 // never printed
  std::string below_data_dir;          // default: this path below storage.data_dir
  TextCheck check;                     // strings: what else must hold, of each one in a list

  std::function<Status(const ConfigKey&, ServerConfig&, const RawValue&)> assign;
  std::function<std::optional<std::string>(const ServerConfig&)>
      print;  // as TOML; nullopt: not set

  // Assigns `raw` if it is valid. Errors begin with the key's name.
  Status Set(ServerConfig& config, const RawValue& raw) const;

  std::string_view section() const;     // "storage.rocksdb"
  std::string_view short_name() const;  // "write_buffer_size"
};

// All keys, those of one section together. Built once.
const std::vector<ConfigKey>& ConfigKeys();

// "server.port" -> "KALAMDB_SERVER_PORT".
std::string VariableOf(std::string_view name);

}  // namespace kalam::server
