#include "import/batch_loader.h"

#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

using ::testing::HasSubstr;

// A table of numbers as the server would keep it: an INSERT takes all rows or none.
class NumbersServer {
 public:
  std::set<int> rows;
  std::set<int> refused;  // numbers that violate a constraint
  int statements = 0;
  int fail_from = -1;       // from this statement on, the connection is lost before it arrives
  int lose_answer_of = -1;  // this statement is run but its answer is lost

  Result<Response> Run(std::string_view sql) {
    const int number = statements++;
    if (fail_from >= 0 && number >= fail_from) return Fail(ErrorKind::kConnection, "gone");
    auto answer = sql.starts_with("INSERT") ? Insert(sql) : Select(sql);
    if (number == lose_answer_of) return Fail(ErrorKind::kConnection, "gone");
    return answer;
  }

 private:
  static Error Fail(ErrorKind kind, std::string message) {
    Error error;
    error.kind = kind;
    error.message = std::move(message);
    return error;
  }

  static std::vector<int> NumbersIn(std::string_view sql) {
    std::vector<int> numbers;
    for (std::size_t at = sql.find_last_of('S') + 1; at < sql.size(); ++at) {
      if (!std::isdigit(static_cast<unsigned char>(sql[at]))) continue;
      std::size_t used = 0;
      numbers.push_back(std::stoi(std::string(sql.substr(at)), &used));
      at += used;
    }
    return numbers;
  }

  Result<Response> Insert(std::string_view sql) {
    const auto numbers = NumbersIn(sql.substr(sql.find("VALUES")));
    for (const int n : numbers) {
      if (refused.contains(n))
        return Fail(ErrorKind::kSql, "bad value '" + std::to_string(n) + "'");
    }
    for (const int n : numbers) {
      if (rows.contains(n)) {
        return Fail(ErrorKind::kSql, "duplicate key value violates primary key \"id\"");
      }
    }
    rows.insert(numbers.begin(), numbers.end());
    return Response();
  }

  Result<Response> Select(std::string_view sql) {
    Response response;
    StatementResult result;
    result.has_rows = true;
    result.rows = Rows({"id"});
    for (const int n : NumbersIn(sql.substr(sql.find(" IN ")))) {
      if (!rows.contains(n)) continue;
      result.rows.AppendRow();
      result.rows.SetInLastRow(0, Cell::Kind::kNumber, std::to_string(n));
    }
    response.results.push_back(std::move(result));
    return response;
  }
};

TargetTable Numbers() {
  TargetTable table;
  table.name = "app.numbers";
  table.columns = {{"id", ColumnClass::kInteger, false, false, true}};
  return table;
}

std::vector<EncodedRow> Batch(const std::vector<int>& numbers) {
  std::vector<EncodedRow> rows;
  for (const int n : numbers) {
    EncodedRow& row = rows.emplace_back();
    row.position = static_cast<std::uint64_t>(n);
    row.tuple = "(" + std::to_string(n) + ")";
    row.key = std::to_string(n);
  }
  return rows;
}

std::vector<int> Range(int first, int last) {
  std::vector<int> numbers;
  for (int n = first; n <= last; ++n) numbers.push_back(n);
  return numbers;
}

class BatchLoaderTest : public testing::Test {
 protected:
  std::optional<Error> Load(const std::vector<int>& numbers) {
    return loader_.Load({0}, Batch(numbers));
  }

  NumbersServer server_;
  TargetTable table_ = Numbers();
  ImportReport report_{table_, "line"};
  BatchLoader loader_{[this](std::string_view sql) { return server_.Run(sql); }, table_, &report_};
};

TEST_F(BatchLoaderTest, GoodBatchIsOneStatement) {
  EXPECT_FALSE(Load(Range(1, 1000)));
  EXPECT_EQ(server_.statements, 1);
  EXPECT_EQ(report_.inserted(), 1000u);
}

TEST_F(BatchLoaderTest, ExactlyTheBadRowsAreRefusedInFewStatements) {
  server_.refused = {1, 500, 1000};
  EXPECT_FALSE(Load(Range(1, 1000)));
  EXPECT_EQ(server_.rows.size(), 997u);
  EXPECT_EQ(report_.inserted(), 997u);
  EXPECT_EQ(report_.refused(), 3u);
  EXPECT_LE(server_.statements, 60);
  const std::string summary = report_.Summary(1, Format::kTable);
  EXPECT_THAT(summary, HasSubstr("997 rows inserted, 3 refused, 0 already there"));
  EXPECT_THAT(summary, HasSubstr("3 rows: bad value '1'\n    at line 1, 500, 1000"));
}

TEST_F(BatchLoaderTest, SecondRunCountsRowsThatAreThereAlready) {
  for (int n = 1; n <= 1500; ++n) server_.rows.insert(n);
  EXPECT_FALSE(Load(Range(1, 1000)));
  EXPECT_FALSE(Load(Range(1001, 2000)));
  EXPECT_FALSE(Load(Range(2001, 3000)));
  EXPECT_FALSE(Load(Range(3001, 4000)));
  EXPECT_EQ(report_.already_there(), 1500u);
  EXPECT_EQ(report_.inserted(), 2500u);
  EXPECT_EQ(report_.refused(), 0u);
  // INSERT + SELECT, SELECT + INSERT, SELECT + INSERT, and then no more questions.
  EXPECT_EQ(server_.statements, 7);
}

TEST_F(BatchLoaderTest, SameKeyTwiceInTheFileIsRefused) {
  EXPECT_FALSE(Load({1, 2, 1, 3, 2}));
  EXPECT_EQ(report_.inserted(), 3u);
  EXPECT_EQ(report_.refused(), 2u);
  EXPECT_EQ(server_.rows, (std::set<int>{1, 2, 3}));
}

TEST_F(BatchLoaderTest, LostAnswerIsFollowedByAskingNotByLoadingTwice) {
  server_.lose_answer_of = 0;
  EXPECT_FALSE(Load(Range(1, 10)));
  EXPECT_EQ(server_.rows.size(), 10u);
  EXPECT_EQ(report_.total(), 10u);
  EXPECT_EQ(report_.refused(), 0u);
}

TEST_F(BatchLoaderTest, GoneServerEndsTheImport) {
  server_.fail_from = 1;
  EXPECT_FALSE(Load(Range(1, 10)));
  const auto failed = Load(Range(11, 20));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->kind, ErrorKind::kConnection);
  EXPECT_EQ(report_.inserted(), 10u);
}

TEST_F(BatchLoaderTest, RandomMixtureMatchesAModel) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    server_ = NumbersServer();
    ImportReport report(table_, "line");
    BatchLoader loader([this](std::string_view sql) { return server_.Run(sql); }, table_, &report);
    std::set<int> expected;
    std::size_t there = 0;
    std::size_t bad = 0;
    for (int n = 1; n <= 400; ++n) {
      const auto dice = random() % 40;
      if (dice == 0) server_.refused.insert(n);
      if (dice == 1) server_.rows.insert(n);
      there += dice == 1;
      bad += dice == 0;
      if (dice != 0) expected.insert(n);
    }
    for (int first = 1; first <= 400; first += 100) {
      ASSERT_FALSE(loader.Load({0}, Batch(Range(first, first + 99))));
    }
    ASSERT_EQ(server_.rows, expected);
    ASSERT_EQ(report.already_there(), there);
    ASSERT_EQ(report.refused(), bad);
    ASSERT_EQ(report.inserted(), 400 - there - bad);
  }
}

}  // namespace
}  // namespace kalam::cli
