#include "duck/row_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalam::duck {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// notes(id BIGINT, room TEXT, n INT, score DOUBLE, at TIMESTAMP), hidden: _seq.
class NotesSource final : public ScanSource {
 public:
  const std::vector<ScanColumn>& columns() const override { return columns_; }
  const std::vector<ScanColumn>& hidden_columns() const override { return hidden_; }
  std::optional<std::size_t> key_column() const override { return 0; }
  std::optional<std::uint64_t> estimated_rows() const override { return std::nullopt; }
  Result<std::unique_ptr<ScanCursor>> Open(const KeyRange&) const override {
    return Error(ErrorCode::kInternal, "not scanned here");
  }

 private:
  const std::vector<ScanColumn> columns_ = {{"id", DataType::kBigInt},
                                            {"room", DataType::kText},
                                            {"n", DataType::kInt},
                                            {"score", DataType::kDouble},
                                            {"at", DataType::kTimestamp}};
  const std::vector<ScanColumn> hidden_ = {{"_seq", DataType::kBigInt}};
};

class NotesResolver final : public Resolver {
 public:
  Result<std::shared_ptr<const ScanSource>> Resolve(const TableReference& reference) override {
    if (reference.parts.back() != "notes") return Error(ErrorCode::kNotFound, "no such table");
    return std::shared_ptr<const ScanSource>(std::make_shared<NotesSource>());
  }
};

constexpr TimestampMicros kNoon = 43'200'000'000;

class TextSink final : public RowSink {
 public:
  Status OnColumns(std::vector<OutputColumn>) override { return {}; }
  Status OnRow(std::span<const Cell> row) override {
    std::string line;
    for (const Cell& cell : row) {
      if (!line.empty()) line += ' ';
      if (cell.form != Cell::Form::kDatum) {
        line += cell.text;
      } else if (cell.datum.is_null()) {
        line += "NULL";
      } else if (cell.datum.kind() == Datum::Kind::kText) {
        line += cell.datum.text();
      } else {
        line += std::to_string(cell.datum.int_value());
      }
    }
    rows.push_back(line);
    return {};
  }
  std::vector<std::string> rows;
};

class RowQueryTest : public testing::Test {
 protected:
  void SetUp() override {
    EngineOptions options;
    options.texts = {[](std::string_view name) { return Error(ErrorCode::kNotFound, std::string(name)); },
                     [](std::string_view name) { return Error(ErrorCode::kNotFound, "column " + std::string(name)); },
                     [](std::string_view token, std::string_view) {
                       return Error(ErrorCode::kSyntax, std::string(token));
                     }};
    auto opened = Engine::Open(std::move(options));
    ASSERT_TRUE(opened.ok()) << opened.error().message();
    engine_ = std::move(opened).value();
    Add(1, "lobby", Datum::Int(5), Datum::Double(0.5), 100);
    Add(2, "attic", Datum::Null(), Datum::Double(2), 200);
    Add(3, "12", Datum::Int(-7), Datum::Null(), 300);
    Add(4, "lobby", Datum::Int(9), Datum::Double(1.5), 400);
  }

  void Add(std::int64_t id, std::string_view room, Datum n, Datum score, std::int64_t seq) {
    const Datum row[] = {Datum::Int(id), Datum::Text(room), n, score, Datum::Int(kNoon), Datum::Int(seq),
                         Datum::Int(kNoon + id)};
    chunk_.Append(row);
  }

  Result<RowQuery> Bind(std::string_view sql, std::vector<Datum> params = {}) {
    auto statement = engine_->Parse(sql);
    if (!statement.ok()) return statement.error();
    NotesResolver resolver;
    return engine_->BindRows(std::move(statement).value(),
                             QueryContext{.resolver = resolver,
                                          .params = params,
                                          .current_user = "maya",
                                          .now = 0,
                                          .reserve_ids = {},
                                          .advance_id = {},
                                          .deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10)});
  }

  RowQuery Bound(std::string_view sql, std::vector<Datum> params = {}) {
    auto query = Bind(sql, std::move(params));
    EXPECT_TRUE(query.ok()) << sql << ": " << (query.ok() ? "" : query.error().message());
    return std::move(query).value();
  }

  std::string Refusal(std::string_view sql) {
    const auto query = Bind(sql);
    return query.ok() ? "accepted" : query.error().message();
  }

  // Rows of the chunk that match, by both parts of the predicate.
  std::vector<std::uint32_t> Matching(std::string_view where, std::vector<Datum> params = {}) {
    const RowQuery query = Bound("SELECT * FROM app.notes WHERE " + std::string(where), std::move(params));
    EXPECT_THAT(query.where.column_values(), IsEmpty()) << where;
    RowPredicate::Evaluator evaluator(query.where);
    std::vector<std::uint32_t> rows = {0, 1, 2, 3};
    std::vector<std::uint32_t> matching;
    const Status status = evaluator.Select(chunk_, rows, matching);
    EXPECT_TRUE(status.ok()) << status.error().message();
    return matching;
  }

  std::vector<std::string> Project(std::string_view sql, std::vector<std::uint32_t> rows) {
    const RowQuery query = Bound(sql);
    RowProjection::Evaluator evaluator(query.select);
    TextSink sink;
    const Status status = evaluator.Read(chunk_, rows, sink);
    EXPECT_TRUE(status.ok()) << status.error().message();
    return sink.rows;
  }

  std::unique_ptr<Engine> engine_;
  RowChunk chunk_{RowChunk::TypesOf(NotesSource())};
};

TEST_F(RowQueryTest, OnlyTrueMatches) {
  EXPECT_THAT(Matching("n > 0"), ElementsAre(0, 3));
  EXPECT_THAT(Matching("NOT n > 0"), ElementsAre(2));
  EXPECT_THAT(Matching("n IS NULL OR score IS NULL"), ElementsAre(1, 2));
  EXPECT_THAT(Matching("n <> 5"), ElementsAre(2, 3));
  EXPECT_THAT(Matching("n NOT IN (5, NULL)"), IsEmpty());
  EXPECT_THAT(Matching("room LIKE 'l%' AND score BETWEEN 1 AND 2"), ElementsAre(3));
  EXPECT_THAT(Matching("CASE WHEN n > 0 THEN room = 'lobby' ELSE id = 2 END"), ElementsAre(0, 1, 3));
  EXPECT_THAT(Matching("1 = 0"), IsEmpty());
  EXPECT_THAT(Matching("_seq >= 300"), ElementsAre(2, 3));
  EXPECT_THAT(Matching("app.notes.n + 1 < 6"), ElementsAre(2));
}

TEST_F(RowQueryTest, EqualitiesAreTakenOutForAnIndex) {
  const RowQuery query = Bound("SELECT * FROM app.notes WHERE room = $1 AND id IN (1, 4, 4) AND n > 6",
                               {Datum::Text("lobby")});
  ASSERT_EQ(query.where.column_values().size(), 2u);
  for (const auto& values : query.where.column_values()) {
    if (values.column == 1) {
      ASSERT_EQ(values.values.size(), 1u);
      EXPECT_EQ(values.values[0].view(), Datum::Text("lobby"));
    } else {
      EXPECT_EQ(values.column, 0u);
      ASSERT_EQ(values.values.size(), 2u);
      EXPECT_EQ(values.values[1].view(), Datum::Int(4));
    }
  }
  EXPECT_TRUE(query.where.has_rest());
  RowPredicate::Evaluator evaluator(query.where);
  std::vector<std::uint32_t> matching;
  ASSERT_TRUE(evaluator.Select(chunk_, std::vector<std::uint32_t>{0, 3}, matching).ok());
  EXPECT_THAT(matching, ElementsAre(3));

  // A cast around the column is moved to the constant; 64 bits stay exact.
  const RowQuery exact = Bound("SELECT * FROM notes WHERE id = 9007199254740993 AND n = 5");
  EXPECT_EQ(exact.where.column_values().size(), 2u);
  EXPECT_FALSE(exact.where.has_rest());
  // DOUBLE has values that are equal and not the same: left to the engine.
  EXPECT_TRUE(Bound("SELECT * FROM notes WHERE score = 1.5").where.column_values().empty());
  EXPECT_FALSE(Bound("SELECT * FROM notes WHERE \"at\" = '1970-01-01 12:00:00'").where.has_rest());
}

TEST_F(RowQueryTest, EqualConditionsHaveOneKey) {
  const auto key = [&](std::string_view where, std::vector<Datum> params = {}) {
    return Bound("SELECT id FROM app.notes WHERE " + std::string(where), std::move(params)).where.key();
  };
  EXPECT_EQ(key("n > 5 AND room = 'x'"), key("room='x' and (N > $1)", {Datum::Int(5)}));
  EXPECT_EQ(key("room = CURRENT_USER()"), key("room = 'maya'"));
  EXPECT_NE(key("room = 'a'"), key("room = 'b'"));
  EXPECT_NE(key("score > 1"), key("score > 1.5"));
  EXPECT_NE(key("room LIKE 'a'' AND ''b'"), key("room LIKE 'a' AND room LIKE 'b'"));
  EXPECT_NE(key("n > 5"), key("id > 5"));
  EXPECT_EQ(Bound("SELECT id, n FROM app.notes").select.key(), Bound("SELECT ID, N FROM notes x").select.key());
  EXPECT_NE(Bound("SELECT id, n FROM notes").select.key(), Bound("SELECT n, id FROM notes").select.key());
  EXPECT_NE(Bound("SELECT n FROM notes").select.key(), Bound("SELECT n AS m FROM notes").select.key());
}

TEST_F(RowQueryTest, NowIsTheRowsOwn) {
  EXPECT_THAT(Matching("\"at\" < NOW() - INTERVAL 2 MICROSECONDS"), ElementsAre(2, 3));
  EXPECT_THAT(Matching("CURRENT_DATE = DATE '1970-01-01' AND current_timestamp > \"at\""), ElementsAre(0, 1, 2, 3));
}

TEST_F(RowQueryTest, ProjectionsAreThoseOfSelect) {
  EXPECT_THAT(Project("SELECT room || '!' AS loud, n * 2 FROM notes", {0, 1}), ElementsAre("lobby! 10", "attic! NULL"));
  const RowQuery all = Bound("SELECT * FROM notes ORDER BY \"at\" DESC");
  EXPECT_TRUE(all.has_order);
  ASSERT_TRUE(all.select.plain_columns());
  EXPECT_THAT(*all.select.plain_columns(), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_THAT(all.named_columns, ElementsAre("at"));
  EXPECT_THAT(*Bound("SELECT _seq, id FROM notes").select.plain_columns(), ElementsAre(5, 0));
}

TEST_F(RowQueryTest, WhatHasNoValuePerRowIsRefused) {
  EXPECT_THAT(Refusal("SELECT count(*) FROM notes"), HasSubstr("aggregate"));
  EXPECT_THAT(Refusal("SELECT * FROM notes WHERE n = (SELECT max(n) FROM notes)"), HasSubstr("subquery"));
  EXPECT_THAT(Refusal("SELECT * FROM notes WHERE EXISTS (SELECT 1)"), HasSubstr("subquery"));
  EXPECT_THAT(Refusal("SELECT * FROM notes WHERE id IN (SELECT id FROM notes)"), HasSubstr("subquery"));
  EXPECT_THAT(Refusal("SELECT (SELECT 1) FROM notes"), HasSubstr("subquery"));
  EXPECT_THAT(Refusal("SELECT row_number() OVER () FROM notes"), HasSubstr("window"));
  EXPECT_THAT(Refusal("SELECT DISTINCT room FROM notes"), HasSubstr("DISTINCT"));
  EXPECT_THAT(Refusal("SELECT room FROM notes GROUP BY room"), HasSubstr("GROUP BY"));
  EXPECT_THAT(Refusal("SELECT * FROM notes LIMIT 5"), HasSubstr("LIMIT"));
  EXPECT_THAT(Refusal("SELECT * FROM notes a JOIN notes b ON a.id = b.id"), HasSubstr("join"));
  EXPECT_THAT(Refusal("SELECT * FROM notes, notes b"), HasSubstr("join"));
  EXPECT_THAT(Refusal("SELECT unnest([1, 2]) FROM notes"), HasSubstr("unnest"));
  EXPECT_THAT(Refusal("WITH x AS (SELECT 1) SELECT * FROM notes"), HasSubstr("WITH"));
  EXPECT_THAT(Refusal("SELECT 1 UNION SELECT 2"), HasSubstr("set operation"));
  EXPECT_THAT(Refusal("SELECT 1"), HasSubstr("one table"));
  EXPECT_THAT(Refusal("SELECT * FROM range(5)"), HasSubstr("one table"));
  EXPECT_THAT(Refusal("SELECT * FROM notes WHERE random() < 0.5"), HasSubstr("random"));
  EXPECT_THAT(Refusal("SELECT * FROM notes WHERE id = SNOWFLAKE_ID()"), HasSubstr("not supported in a live query"));
  EXPECT_THAT(Refusal("SELECT * FROM notes WHERE len(list_filter([n], x -> x > 1)) = 1"), HasSubstr("lambda"));
  EXPECT_THAT(Refusal("SELECT * FROM notes WHERE nope = 1"), HasSubstr("column nope"));
  EXPECT_THAT(Refusal("SELECT * FROM notes WHERE current_setting('x') = ''"), HasSubstr("permission denied"));
  EXPECT_THAT(Refusal("DELETE FROM notes"), HasSubstr("a live query is a SELECT"));
}

TEST_F(RowQueryTest, ARowThatFailsIsAnErrorAndNeverAMatch) {
  const RowQuery query = Bound("SELECT * FROM notes WHERE CAST(room AS INTEGER) = 12");
  RowPredicate::Evaluator evaluator(query.where);
  std::vector<std::uint32_t> matching;
  const Status failed = evaluator.Select(chunk_, std::vector<std::uint32_t>{0, 2}, matching);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message(), HasSubstr("lobby"));
  EXPECT_THAT(matching, IsEmpty());
  // The evaluator can go on.
  ASSERT_TRUE(evaluator.Select(chunk_, std::vector<std::uint32_t>{2}, matching).ok());
  EXPECT_THAT(matching, ElementsAre(2));
}

TEST_F(RowQueryTest, MadeTextIsBoundedOverAllRows) {
  const RowQuery query = Bound("SELECT * FROM notes WHERE length(repeat(room, 12000000)) > 1");
  RowPredicate::Evaluator evaluator(query.where);
  std::vector<std::uint32_t> matching;
  EXPECT_TRUE(evaluator.Select(chunk_, std::vector<std::uint32_t>{0, 2}, matching).ok());
  const Status failed = evaluator.Select(chunk_, std::vector<std::uint32_t>{0, 1, 2, 3}, matching);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.error().message(), HasSubstr("row by row"));
}

}  // namespace
}  // namespace kalam::duck
