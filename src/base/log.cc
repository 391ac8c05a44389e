#include "base/log.h"

#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace kalam::log {
namespace {

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kTrace: return spdlog::level::trace;
    case Level::kDebug: return spdlog::level::debug;
    case Level::kInfo: return spdlog::level::info;
    case Level::kWarn: return spdlog::level::warn;
    case Level::kError: return spdlog::level::err;
  }
  return spdlog::level::info;
}

// The level in capitals, as wide as the longest: what people's log readers look for.
class LevelName final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    const std::string_view name = NameOf(message.level);
    out.append(name.data(), name.data() + name.size());
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<LevelName>(); }

 private:
  static std::string_view NameOf(spdlog::level::level_enum level) {
    switch (level) {
      case spdlog::level::trace: return "TRACE";
      case spdlog::level::debug: return "DEBUG";
      case spdlog::level::warn: return "WARN ";
      case spdlog::level::err: return "ERROR";
      default: return "INFO ";
    }
  }
};

std::string Pattern(Format format) {
  switch (format) {
    case Format::kCompact: return "[%Y-%m-%d %H:%M:%S.%e] [%^%*%$] [%t - %v";
    case Format::kPretty: return "%Y-%m-%d %H:%M:%S.%e  %^%*%$  [%t - %v";
    // The message is escaped, so it can stand inside JSON quotes as it is.
    case Format::kJson: return R"({"time":"%Y-%m-%dT%H:%M:%S.%e","level":"%l","thread":"%t",%v})";
  }
  return "%v";
}

std::shared_ptr<spdlog::logger> MakeLogger(std::vector<spdlog::sink_ptr> sinks, const Options& options) {
  auto logger = std::make_shared<spdlog::logger>("kalam", sinks.begin(), sinks.end());
  logger->set_level(ToSpdlog(options.level));
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<LevelName>('*').set_pattern(Pattern(options.format));
  logger->set_formatter(std::move(formatter));
  logger->flush_on(spdlog::level::warn);
  return logger;
}

struct Logger {
  std::shared_ptr<spdlog::logger> spdlog =
      MakeLogger({std::make_shared<spdlog::sinks::stderr_color_sink_mt>()}, Options{});
  Format format = Format::kCompact;
  std::filesystem::path file;  // empty: none
  std::size_t max_files = 0;
  std::chrono::hours max_age{0};
};

Logger& Instance() {
  static Logger logger;
  return logger;
}

// "committer" of ".../table/committer.cc".
std::string_view FileStem(std::string_view path) {
  path.remove_prefix(path.rfind('/') + 1);
  return path.substr(0, path.rfind('.'));
}

// Bytes that could forge a line, drive a terminal or break a JSON string.
std::string Escape(std::string_view text, Format format) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      out += format == Format::kJson ? "\\u00" : "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else if (format == Format::kJson && (c == '"' || c == '\\')) {
      out += '\\';
      out += c;
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

Status Configure(const Options& options) try {
  std::vector<spdlog::sink_ptr> sinks;
  if (options.to_console) sinks.push_back(std::make_shared<spdlog::sinks::stderr_color_sink_mt>());
  if (!options.file_path.empty()) {
    const auto folder = std::filesystem::path(options.file_path).parent_path();
    std::error_code error;
    if (!folder.empty()) std::filesystem::create_directories(folder, error);
    if (error) {
      return kalam::Error(ErrorCode::kIo,
                          "create the folder of logs '" + folder.string() + "': " + error.message());
    }
    sinks.push_back(std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
        options.file_path, options.max_file_bytes, options.max_files));
  }
  Instance().spdlog = MakeLogger(std::move(sinks), options);
  Instance().format = options.format;
  Instance().file = options.file_path;
  Instance().max_files = options.max_files;
  Instance().max_age = options.max_age;
  RemoveOldArchives();
  return {};
} catch (const spdlog::spdlog_ex& e) {
  return kalam::Error(ErrorCode::kIo, std::string("open log file: ") + e.what());
}

void RemoveOldArchives() {
  const Logger& logger = Instance();
  if (logger.file.empty()) return;
  const auto too_old = std::filesystem::file_time_type::clock::now() - logger.max_age;
  for (std::size_t number = 1; number <= logger.max_files; ++number) {
    const std::string archive =
        spdlog::sinks::rotating_file_sink_mt::calc_filename(logger.file.string(), number);
    std::error_code error;  // an archive that is not there, or can't go, is no reason for trouble
    const auto written = std::filesystem::last_write_time(archive, error);
    if (!error && written < too_old) std::filesystem::remove(archive, error);
  }
}

bool Enabled(Level level) { return Instance().spdlog->should_log(ToSpdlog(level)); }

void Write(Level level, std::string_view module, std::string_view message, std::source_location where) {
  Logger& logger = Instance();
  const std::string text = Escape(message, logger.format);
  const std::string_view file = FileStem(where.file_name());
  if (logger.format == Format::kJson) {
    logger.spdlog->log(ToSpdlog(level), R"("module":"{}/{}","line":{},"message":"{}")", module, file, where.line(),
                       text);
  } else {
    logger.spdlog->log(ToSpdlog(level), "{}/{}:{}] - {}", module, file, where.line(), text);
  }
}

void Flush() { Instance().spdlog->flush(); }

}  // namespace kalam::log
