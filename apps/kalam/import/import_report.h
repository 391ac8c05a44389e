#pragma once

#include "import/row_encoder.h"
#include "settings.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <kalam/result.h>

namespace kalam::cli {

// What became of the records of a file.
class ImportReport {
 public:
  ImportReport(const TargetTable& table, const char* position_unit)
      : table_(&table), position_unit_(position_unit) {}

  // Opens the file for refused records; nothing is written to it while none is refused, but an old
  // one is emptied.
  Result<bool> OpenRejects(const std::string& path, const std::string& header);
  bool keeps_rejects() const { return rejects_ != nullptr; }

  void AddInserted(std::uint64_t rows) { inserted_ += rows; }
  void AddAlreadyThere(std::uint64_t rows) { already_there_ += rows; }
  void AddRefused(std::uint64_t position, std::string_view raw, const std::string& reason);

  std::uint64_t inserted() const { return inserted_; }
  std::uint64_t already_there() const { return already_there_; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t total() const { return inserted_ + already_there_ + refused_; }

  // The closing words (or, for Format::kJson, one JSON object).
  std::string Summary(double seconds, Format format) const;

 private:
  // Refusals of the same sort: the same text but for the quoted values in it.
  struct Reason {
    std::string sort;
    std::string example;  // the first text of this sort
    std::uint64_t count = 0;
    std::vector<std::uint64_t> positions;  // the first few
  };

  std::string SortOf(const std::string& reason) const;
  std::string TextSummary(double seconds) const;
  std::string JsonSummary(double seconds) const;

  struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };

  const TargetTable* table_;
  const char* position_unit_;
  std::uint64_t inserted_ = 0;
  std::uint64_t already_there_ = 0;
  std::uint64_t refused_ = 0;
  std::vector<Reason> reasons_;
  std::uint64_t other_reasons_ = 0;  // refusals beyond the kinds that are kept
  std::unique_ptr<std::FILE, CloseFile> rejects_;
  std::string rejects_path_;
  std::string rejects_header_;
};

}  // namespace kalam::cli
