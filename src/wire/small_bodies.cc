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
  if (health.metrics) {
    json.Key("metrics").BeginObject();
    json.Key("active_connections").Int(static_cast<std::int64_t>(health.metrics->active_connections));
    json.Key("active_subscriptions").Int(static_cast<std::int64_t>(health.metrics->active_subscriptions));
    json.Key("queries_per_second").Double(health.metrics->queries_per_second);
    json.EndObject();
  }
  json.EndObject();
  return out;
}

}  // namespace kalam::wire
