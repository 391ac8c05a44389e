#pragma once

#include "printer.h"

#include <string>
#include <string_view>

#include <kalam/subscription.h>

namespace kalam::cli {

// Writes the events of a subscription: lines for people, one JSON object per event, or the changed rows as CSV with
// `_change` and `_seq` in front. Data never reaches a terminal raw.
class LiveLines {
 public:
  LiveLines(std::string sql, std::string id, const OutputStyle& style, TextSink& out)
      : sql_(std::move(sql)), id_(std::move(id)), style_(style), out_(out) {}

  void Show(const ChangeEvent& event);

 private:
  std::string& text() { return out_.text(); }
  void Begin(const ChangeEvent& event);
  void End();
  void AppendShown(std::string_view json);
  void AppendShownRow(const Rows& rows, std::size_t row);
  void ShowLine(const ChangeEvent& event);
  void ShowJson(const ChangeEvent& event);
  void ShowCsv(const ChangeEvent& event);

  const std::string sql_;
  const std::string id_;
  const OutputStyle style_;
  TextSink& out_;
  bool headed_ = false;
};

}  // namespace kalam::cli
