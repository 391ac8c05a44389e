#include "engine_log.h"

#include "base/log.h"

#include <array>
#include <cstdarg>
#include <cstdio>

namespace kalam::kv {
namespace {

class EngineLog final : public rocksdb::Logger {
 public:
  EngineLog() : Logger(rocksdb::WARN_LEVEL) {}
  ~EngineLog() override { (void)Close(); }

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    Logv(rocksdb::INFO_LEVEL, format, arguments);
  }
  void Logv(rocksdb::InfoLogLevel level, const char* format, va_list arguments) override {
    if (level < GetInfoLogLevel() || level == rocksdb::HEADER_LEVEL) return;
    std::array<char, 1024> text;  // longer ones are cut
    (void)std::vsnprintf(text.data(), text.size(), format, arguments);
    log::Write(level >= rocksdb::ERROR_LEVEL ? log::Level::kError : log::Level::kWarn, "kv",
               text.data());
  }

 private:
  rocksdb::Status CloseImpl() override { return rocksdb::Status::OK(); }
};

}  // namespace

std::shared_ptr<rocksdb::Logger> MakeEngineLog() { return std::make_shared<EngineLog>(); }

}  // namespace kalam::kv
