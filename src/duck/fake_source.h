#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "duck/engine.h"

// A table in memory for tests of the engine: it notes which keys scans asked for, and gives only those rows.
namespace kalam::duck {

class FakeTable {
 public:
  struct Row {
    std::int64_t id;
    std::string body;
    std::int64_t n = 0;
  };

  FakeTable& Add(Row row) {
    rows_.push_back(std::move(row));
    return *this;
  }
  // A change of schema as a plan sees it.
  void NextVersion() { ++version_; }
  void ForgetStamp() { has_stamp_ = false; }
  void AddColumn(ScanColumn column) {
    columns_.push_back(std::move(column));
    NextVersion();
  }

  void EstimateRows(std::uint64_t rows) { estimated_rows_ = rows; }

  // Of the scan that was opened last.
  const KeyRange& keys() const { return keys_; }
  // Called when a scan opens.
  std::function<void()> on_open;

 private:
  friend class FakeSource;
  friend class TestEngine;
  std::vector<ScanColumn> columns_ = {{"id", DataType::kBigInt}, {"body", DataType::kText}, {"n", DataType::kInt}};
  std::vector<Row> rows_;
  std::uint64_t version_ = 1;
  bool has_stamp_ = true;
  std::optional<std::uint64_t> estimated_rows_;
  KeyRange keys_;
};

class FakeSource final : public ScanSource {
 public:
  FakeSource(FakeTable& table, std::uint64_t id) : table_(table), id_(id), columns_(table.columns_) {}

  const std::vector<ScanColumn>& columns() const override { return columns_; }
  const std::vector<ScanColumn>& hidden_columns() const override {
    static const std::vector<ScanColumn> hidden = {{"_seq", DataType::kBigInt}};
    return hidden;
  }
  std::optional<std::size_t> key_column() const override { return 0; }
  std::optional<std::uint64_t> estimated_rows() const override { return table_.estimated_rows_; }
  std::optional<SchemaStamp> stamp() const override {
    if (!table_.has_stamp_) return std::nullopt;
    return SchemaStamp{id_, table_.version_};
  }
  Result<std::unique_ptr<ScanCursor>> Open(const KeyRange& keys) const override {
    table_.keys_ = keys;
    if (table_.on_open) table_.on_open();
    return std::unique_ptr<ScanCursor>(std::make_unique<Cursor>(table_, keys, columns_.size()));
  }

 private:
  class Cursor final : public ScanCursor {
   public:
    Cursor(const FakeTable& table, KeyRange keys, std::size_t columns)
        : table_(table), keys_(std::move(keys)), columns_(columns) {}
    Result<bool> Next() override {
      while (next_ < table_.rows_.size()) {
        row_ = &table_.rows_[next_++];
        if (InRange(row_->id)) return true;
      }
      return false;
    }
    Datum Column(std::size_t column) const override {
      if (column == 0) return Datum::Int(row_->id);
      if (column == 1) return Datum::Text(row_->body);
      if (column == 2) return Datum::Int(row_->n);
      return column == columns_ ? Datum::Int(row_->id + 1000) : Datum::Null();
    }

   private:
    bool InRange(std::int64_t id) const {
      if (keys_.lower && id < keys_.lower->view().int_value()) return false;
      if (keys_.upper && id > keys_.upper->view().int_value()) return false;
      return !keys_.points || std::ranges::any_of(*keys_.points, [id](const Value& point) {
        return point.view().int_value() == id;
      });
    }
    const FakeTable& table_;
    const KeyRange keys_;
    const std::size_t columns_;
    std::size_t next_ = 0;
    const FakeTable::Row* row_ = nullptr;
  };

  FakeTable& table_;
  const std::uint64_t id_;
  const std::vector<ScanColumn> columns_;
};

// Rows as text: `1|a`, one line each.
class TextSink final : public RowSink {
 public:
  Status OnColumns(std::vector<OutputColumn> columns) override {
    names.clear();
    for (auto& column : columns) names.push_back(std::move(column.name));
    return {};
  }
  Status OnRow(std::span<const Cell> row) override {
    if (!text.empty()) text += '\n';
    for (std::size_t i = 0; i < row.size(); ++i) text += (i ? "|" : "") + Show(row[i]);
    return {};
  }

  std::vector<std::string> names;
  std::string text;

 private:
  static std::string Show(const Cell& cell) {
    if (cell.form == Cell::Form::kDefault) return "DEFAULT";
    if (cell.form != Cell::Form::kDatum) return std::string(cell.text);
    switch (cell.datum.kind()) {
      case Datum::Kind::kNull: return "null";
      case Datum::Kind::kBool: return cell.datum.bool_value() ? "true" : "false";
      case Datum::Kind::kInt: return std::to_string(cell.datum.int_value());
      case Datum::Kind::kDouble: return std::to_string(cell.datum.double_value());
      default: return std::string(cell.datum.text());
    }
  }
};

// An engine over fake tables. A statement's own text is its key, so that it has a plan.
class TestEngine final : public Resolver {
 public:
  explicit TestEngine(EngineOptions options = {}) {
    options.texts.unknown_relation = [](std::string_view name) {
      return Error(ErrorCode::kNotFound, "relation '" + std::string(name) + "' does not exist");
    };
    options.texts.unknown_column = [](std::string_view name) {
      return Error(ErrorCode::kInvalidArgument, "column '" + std::string(name) + "' does not exist");
    };
    options.texts.syntax_error = [](std::string_view token, std::string_view) {
      return Error(ErrorCode::kSyntax, "syntax error near '" + std::string(token) + "'");
    };
    auto opened = Engine::Open(std::move(options));
    EXPECT_TRUE(opened.ok());
    engine_ = std::move(opened).value();
  }

  Engine& engine() { return *engine_; }
  FakeTable& table(const std::string& name) { return tables_[name]; }
  void Drop(const std::string& name) { tables_.erase(name); }
  // What DROP and CREATE of the same name leave.
  void Recreate(const std::string& name) {
    tables_.erase(name);
    ++generation_;
    (void)tables_[name];
  }
  void Forbid(const std::string& name) { forbidden_ = name; }

  Result<std::shared_ptr<const ScanSource>> Resolve(const TableReference& reference) override {
    ++resolved;
    const std::string& name = reference.parts.back();
    if (name == forbidden_) return Error(ErrorCode::kPermissionDenied, "permission denied for '" + name + "'");
    const auto found = tables_.find(name);
    if (found == tables_.end()) return Error(ErrorCode::kNotFound, "relation '" + name + "' does not exist");
    return std::shared_ptr<const ScanSource>(
        std::make_shared<FakeSource>(found->second, std::hash<std::string>{}(name) + generation_));
  }

  QueryContext Context(std::span<const Datum> params) {
    return QueryContext{.resolver = *this,
                        .params = params,
                        .current_user = user,
                        .now = now,
                        .reserve_ids = [](std::uint32_t) -> Result<Seq> { return Seq(100); },
                        .advance_id = [](Seq first, std::uint32_t by) { return Seq(first.value() + by); },
                        .deadline = std::chrono::steady_clock::now() + timeout,
                        .cancellation = &cancellation,
                        .cache_hit = &cache_hit};
  }

  // The rows of a SELECT, or `!` and the error's message.
  std::string Run(std::string_view sql, std::vector<Datum> params = {}) {
    TextSink sink;
    const Status status = Select(sql, params, sink);
    error = status.ok() ? std::nullopt : std::optional(status.error());
    names = sink.names;
    return status.ok() ? sink.text : "!" + status.error().message();
  }

  Status Select(std::string_view sql, std::span<const Datum> params, RowSink& sink) {
    KALAM_TRY_ASSIGN(auto statement, Parse(sql));
    return engine_->Select(std::move(statement), Context(params), sink);
  }

  Result<ParsedStatement> Parse(std::string_view sql) {
    if (!keep_plans) return engine_->Parse(sql);
    return engine_->Parse(StatementText{.sql = sql, .key = sql, .normalised = sql});
  }

  std::string user = "maya";
  TimestampMicros now = 1'700'000'000'000'000;
  std::chrono::milliseconds timeout{10'000};
  Cancellation cancellation;
  bool keep_plans = true;
  bool cache_hit = false;
  std::vector<std::string> names;
  std::optional<Error> error;
  int resolved = 0;

 private:
  std::unique_ptr<Engine> engine_;
  std::map<std::string, FakeTable> tables_;
  std::string forbidden_;
  std::uint64_t generation_ = 0;
};

}  // namespace kalam::duck
