// Hostile SQL against the engine in its cage: parsed, walked and run over one small table in memory; once as it is
// written and, where it can have a plan, twice from a plan, made and kept, which gives the same number of rows.
//
// Promised: no crash, no engine that answers no more, and nothing reached but the tables that the resolver
// gave. The secret that must never be seen is new in each process, so no input can hold it: it lies in the
// environment, in a file of the working folder, and in a table that the resolver refuses.

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "duck/engine.h"
#include "fuzz/target.h"
#include "sql/normalised_statement.h"
#include "sql/reserved_words.h"
#include "sql/splitter.h"

using namespace kalam;

namespace {

class NumbersCursor final : public duck::ScanCursor {
 public:
  Result<bool> Next() override { return ++row_ <= 3; }
  Datum Column(std::size_t column) const override {
    switch (column) {
      case 0: return Datum::Int(row_);
      case 1: return row_ == 2 ? Datum::Null() : Datum::Text("text of a row");
      case 2: return Datum::Double(row_ / 2.0);
      default: return Datum::Int(row_ + 1000);
    }
  }

 private:
  int row_ = 0;
};

class NumbersSource final : public duck::ScanSource {
 public:
  const std::vector<duck::ScanColumn>& columns() const override { return columns_; }
  const std::vector<duck::ScanColumn>& hidden_columns() const override { return hidden_; }
  std::optional<std::size_t> key_column() const override { return 0; }
  std::optional<std::uint64_t> estimated_rows() const override { return 3; }
  std::optional<duck::SchemaStamp> stamp() const override { return duck::SchemaStamp{1, 1}; }
  Result<std::unique_ptr<duck::ScanCursor>> Open(const duck::KeyRange&) const override {
    return std::unique_ptr<duck::ScanCursor>(std::make_unique<NumbersCursor>());
  }

 private:
  std::vector<duck::ScanColumn> columns_ = {
      {"id", DataType::kBigInt}, {"body", DataType::kText}, {"n", DataType::kDouble}};
  std::vector<duck::ScanColumn> hidden_ = {{"_seq", DataType::kBigInt}};
};

class OneTable final : public duck::Resolver {
 public:
  Result<std::shared_ptr<const duck::ScanSource>> Resolve(const duck::TableReference& reference) override {
    if (reference.parts.back() == "t") return std::shared_ptr<const duck::ScanSource>(source_);
    return Error(ErrorCode::kNotFound, "ERROR: relation does not exist");
  }

 private:
  std::shared_ptr<const NumbersSource> source_ = std::make_shared<NumbersSource>();
};

// Looks for the secret in all that comes out, and stops after a while.
class Watcher final : public duck::RowSink {
 public:
  Watcher(const std::string& secret, std::string_view input) : secret_(secret), input_(input) {}
  Status OnColumns(std::vector<duck::OutputColumn> columns) override {
    for (const auto& column : columns) Look(column.name);
    return {};
  }
  Status OnRow(std::span<const duck::Cell> row) override {
    for (const duck::Cell& cell : row) {
      Look(cell.text);
      if (cell.form == duck::Cell::Form::kDatum && cell.datum.kind() == Datum::Kind::kText) Look(cell.datum.text());
    }
    if (++rows_ > 10'000) return Error(ErrorCode::kLimitExceeded, "enough");
    return {};
  }
  int rows() const { return rows_; }
  void Look(std::string_view text) const {
    fuzz::Require(text.find(secret_) == std::string_view::npos, "nothing beyond the tables is reached", input_);
  }

 private:
  const std::string& secret_;
  std::string_view input_;
  int rows_ = 0;
};

class Cage {
 public:
  Cage() {
    secret_ = "secret" + std::to_string(std::random_device{}()) + std::to_string(std::random_device{}());
    setenv("HOME", secret_.c_str(), 1);
    setenv("KALAM_SECRET", secret_.c_str(), 1);
    std::ofstream("fuzz_secret.csv") << secret_ << "\n" << secret_ << "\n";
    duck::EngineOptions options;
    options.memory_limit_bytes = std::size_t{256} << 20;
    options.max_list_elements = 10'000;
    options.max_string_bytes = std::size_t{1} << 20;
    options.max_depth = 800;
    options.texts.unknown_relation = [](std::string_view name) {
      return Error(ErrorCode::kNotFound, std::string(name));
    };
    options.texts.unknown_column = options.texts.unknown_relation;
    options.texts.syntax_error = [](std::string_view token, std::string_view) {
      return Error(ErrorCode::kSyntax, std::string(token));
    };
    auto engine = duck::Engine::Open(std::move(options));
    fuzz::Require(engine.ok(), "the engine starts", {});
    engine_ = std::move(*engine);
  }

  // As a request runs it that keeps no plans.
  Status Run(std::string_view sql, std::chrono::milliseconds within) {
    if (Status bounds = sql::CheckStatementBounds(sql, {}); !bounds.ok()) return bounds;
    std::string scratch;
    auto statement = engine_->Parse(sql::QuoteFreeWords(sql, scratch));
    if (!statement.ok()) return std::move(statement).error();
    Watcher sink(secret_, sql);
    return Run(*std::move(statement), sql, within, nullptr, sink);
  }

  // From a plan, as often as asked. Stops at the first failure.
  Status RunPlanned(std::string_view sql, std::chrono::milliseconds within, int times) {
    if (Status bounds = sql::CheckStatementBounds(sql, {}); !bounds.ok()) return bounds;
    std::string scratch;
    sql::NormalisedStatement normalised;
    const std::string_view quoted = sql::QuoteFreeWords(sql, scratch);
    if (!sql::Normalise(quoted, ParamsOf(sql), normalised)) return {};
    const duck::StatementText text{quoted, normalised.key, normalised.text, normalised.literals};
    std::optional<int> rows;
    for (int i = 0; i < times; ++i) {
      auto statement = engine_->Parse(text);
      if (!statement.ok()) return std::move(statement).error();
      Watcher sink(secret_, sql);
      bool hit = false;
      KALAM_TRY(Run(*std::move(statement), sql, within, &hit, sink));
      fuzz::Require(!rows || !hit || *rows == sink.rows() || IsRandom(sql), "a kept plan gives the same rows", sql);
      rows = sink.rows();
    }
    return {};
  }

 private:
  std::span<const Datum> ParamsOf(std::string_view sql) const {
    return sql.find('$') == std::string_view::npos ? std::span<const Datum>() : std::span(params_);
  }

  // Whatever its values are called.
  static bool IsRandom(std::string_view sql) {
    std::string lower(sql);
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
    return std::ranges::any_of(std::array{"random", "uuid", "ulid", "snowflake", "sample"},
                               [&](const char* word) { return lower.find(word) != std::string::npos; });
  }

  Status Run(duck::ParsedStatement statement, std::string_view sql, std::chrono::milliseconds within, bool* hit,
             Watcher& sink) {
    static const std::vector<std::string> columns = {"id", "body", "n"};
    static const std::vector<DataType> types = {DataType::kBigInt, DataType::kText, DataType::kDouble};
    const duck::QueryContext context{
        .resolver = tables_,
        .params = ParamsOf(sql),
        .current_user = "maya",
        .now = 1'700'000'000'000'000,
        .reserve_ids = [](std::uint32_t) -> Result<Seq> { return Seq(1); },
        .advance_id = [](Seq first, std::uint32_t) { return first; },
        .deadline = std::chrono::steady_clock::now() + within,
        .cache_hit = hit};
    const auto run = [&]() -> Status {
      switch (statement.kind()) {
        case duck::StatementKind::kSelect:
        case duck::StatementKind::kExplain: return engine_->Select(std::move(statement), context, sink);
        case duck::StatementKind::kInsert:
          if (statement.default_values()) return {};
          return engine_->InsertRows(std::move(statement), context, types, sink);
        case duck::StatementKind::kUpdate: {
          const std::vector<DataType> of_set(statement.columns().size(), DataType::kText);
          return engine_->UpdateRows(std::move(statement), context, columns, of_set, sink);
        }
        case duck::StatementKind::kDelete:
          return engine_->DeleteRows(std::move(statement), context, columns, false, sink);
        default: return {};
      }
    };
    Status status = run();
    if (!status.ok()) sink.Look(status.error().message());
    return status;
  }

  const std::vector<Datum> params_ = {Datum::Int(7), Datum::Text("seven")};
  std::string secret_;
  OneTable tables_;
  std::unique_ptr<duck::Engine> engine_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Cage cage;
  const std::string_view text = fuzz::TextOf(data, size);
  const auto statements = sql::SplitStatements(text, 20);
  if (!statements.ok()) return 0;
  for (const std::string_view statement : *statements) {
    for (const Status& status : {cage.Run(statement, std::chrono::milliseconds(500)),
                                 cage.RunPlanned(statement, std::chrono::milliseconds(500), 2)}) {
      if (status.ok() || status.error().code() != ErrorCode::kInternal) continue;
      // A failure inside the engine may be its own bug, but it must stay the statement's.
      fuzz::Require(cage.Run("SELECT 1", std::chrono::seconds(10)).ok(), "the engine answers the next statement", text);
    }
  }
  return 0;
}
