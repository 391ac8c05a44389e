#include "wire/small_bodies.h"

#include "base/json_writer.h"
#include "model/time_text.h"

namespace kalam::wire {

std::string ErrorBody(std::string_view code, std::string_view message) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject().Key("error").String(code).Key("message").String(message).EndObject();
  return out;
}

std::string HealthBody(const Health& health) {
  std::string out;
  JsonWriter json(out);
  json.BeginObject();
  json.Key("status").String(health.status);
  json.Key("version").String(health.version);
  json.Key("api_version").String(health.api_version);
  json.Key("uptime_seconds").Int(health.uptime.count());
  json.Key("timestamp").String(FormatTimestamp(health.now));
  json.EndObject();
  return out;
}

}  // namespace kalam::wire
