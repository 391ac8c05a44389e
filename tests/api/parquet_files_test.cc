// Our Parquet files in the eyes of a reader that we did not write: every type comes back exactly,
// in key order, with statistics that are true.

#include "support/parquet_reader.h"
#include "support/server_test.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <thread>
#include <vector>

namespace kalam::test {
namespace {

// A value as SQL says it, and as the reader shows it.
struct Written {
  std::string sql;
  ParquetFile::Value read;
};

template <typename Bits, typename Number>
std::string BitsOf(Number number) {
  char text[17];
  std::snprintf(text, sizeof text, "%0*llx", static_cast<int>(sizeof(Bits) * 2),
                static_cast<unsigned long long>(std::bit_cast<Bits>(number)));
  return text;
}
Written Float(const std::string& sql, float value) { return {sql, BitsOf<std::uint32_t>(value)}; }
Written Double(const std::string& sql, double value) { return {sql, BitsOf<std::uint64_t>(value)}; }
Written Text(const std::string& text) { return {"'" + text + "'", text}; }

struct TypedColumn {
  std::string name, sql_type;
  std::string parquet_type, converted;
  std::vector<Written> values;
};

const Written kNull{"NULL", std::nullopt};

std::vector<TypedColumn> AllTypes() {
  const float float_max = std::numeric_limits<float>::max();
  return {
      {"b", "BOOLEAN", "BOOLEAN", "", {{"true", "true"}, kNull, {"false", "false"}}},
      {"s",
       "SMALLINT",
       "INT32",
       "INT_16",
       {{"-32768", "-32768"}, {"32767", "32767"}, kNull, {"0", "0"}}},
      {"i",
       "INT",
       "INT32",
       "INT_32",
       {{"-2147483648", "-2147483648"}, {"2147483647", "2147483647"}, kNull, {"-1", "-1"}}},
      {"l",
       "BIGINT",
       "INT64",
       "INT_64",
       {{"-9223372036854775808", "-9223372036854775808"},
        {"9223372036854775807", "9223372036854775807"},
        kNull,
        {"9007199254740993", "9007199254740993"}}},
      {"f",
       "FLOAT",
       "FLOAT",
       "",
       {Float("1.5", 1.5F), Float("3.4028235e38", float_max), Float("-3.4028235e38", -float_max),
        Float("1e-45", 1e-45F), Float("'-0.0'::DOUBLE", -0.0F), Float("'inf'::DOUBLE", INFINITY),
        Float("'-inf'::DOUBLE", -INFINITY), Float("'NaN'::DOUBLE", NAN), kNull}},
      {"d",
       "DOUBLE",
       "DOUBLE",
       "",
       {Double("0.1", 0.1), Double("1.7976931348623157e308", 1.7976931348623157e308),
        Double("5e-324", 5e-324), Double("'-0.0'::DOUBLE", -0.0), Double("'inf'::DOUBLE", INFINITY),
        Double("'-inf'::DOUBLE", -INFINITY), Double("'NaN'::DOUBLE", NAN), kNull}},
      {"dense", "DOUBLE", "DOUBLE", "", {Double("-2.5", -2.5), Double("7e9", 7e9)}},
      {"t",
       "TEXT",
       "BYTE_ARRAY",
       "UTF8",
       {Text(""), Text("a"), Text("grün 😀"), Text(std::string(300, 'z')), Text("line\nbreak\ttab"),
        kNull}},
      {"ts",
       "TIMESTAMP",
       "INT64",
       "TIMESTAMP_MICROS",
       {{"'1969-12-31 23:59:59.999999'", "-1"},
        {"'0001-01-01 00:00:00'", "-62135596800000000"},
        {"'9999-12-31 23:59:59.999999'", "253402300799999999"},
        {"'1970-01-01'", "0"},
        kNull}},
      {"dt",
       "DATE",
       "INT32",
       "DATE",
       {{"'1969-12-31'", "-1"}, {"'0001-01-01'", "-719162"}, {"'9999-12-31'", "2932896"}, kNull}},
      {"tm",
       "TIME",
       "INT64",
       "TIME_MICROS",
       {{"'00:00:00'", "0"}, {"'23:59:59.999999'", "86399999999"}, kNull}},
      {"j",
       "JSON",
       "BYTE_ARRAY",
       "UTF8",
       {Text("{\"a\": [1, null, \"ü\"]}"), Text("null"), Text("\"\""),
        Text("12345678901234567890.5"), kNull}},
      {"bin", "BYTES", "BYTE_ARRAY", "", {{"'0x'", "0x"}, {"'0x00ff'", "0x00ff"}, kNull}},
      {"none", "TEXT", "BYTE_ARRAY", "UTF8", {kNull}},
  };
}

bool IsInteger(const ParquetFile::Column& column) {
  return column.type == "INT32" || column.type == "INT64";
}

// Statistics of one column of one group, compared with its rows [from, to).
void ExpectTrue(const ParquetFile& file, std::size_t column,
                const ParquetFile::Statistics& statistics, std::size_t from, std::size_t to) {
  std::int64_t nulls = 0;
  std::vector<std::string> values;
  for (std::size_t row = from; row < to; ++row) {
    const auto& value = file.rows[row][column];
    nulls += value ? 0 : 1;
    if (value) values.push_back(*value);
  }
  const std::string& name = file.columns[column].name;
  EXPECT_EQ(statistics.codec, "ZSTD") << name;
  EXPECT_EQ(statistics.nulls, nulls) << name;
  if (IsInteger(file.columns[column])) {
    std::vector<std::int64_t> numbers;
    for (const std::string& value : values) numbers.push_back(std::stoll(value));
    ASSERT_FALSE(numbers.empty());
    EXPECT_EQ(statistics.min, std::to_string(std::ranges::min(numbers))) << name;
    EXPECT_EQ(statistics.max, std::to_string(std::ranges::max(numbers))) << name;
  } else if (file.columns[column].converted == "UTF8" && statistics.min) {
    for (const std::string& value : values) {
      EXPECT_LE(*statistics.min, value) << name;
      EXPECT_GE(*statistics.max, value) << name;
    }
  }
  // There is a NaN among them, which has no place in any order.
  if (name == "f" || name == "d") {
    EXPECT_FALSE(statistics.min || statistics.max) << name;
  }
  if (name == "dense") {
    EXPECT_EQ(statistics.min, BitsOf<std::uint64_t>(-2.5));
    EXPECT_EQ(statistics.max, BitsOf<std::uint64_t>(7e9));
  }
}

class ParquetFiles : public OwnServerTest {
 protected:
  ParquetFiles() : server_(Make()) {
    server_.Start();
    client_.emplace(server_.port());
  }

  SqlAnswer Run(std::string_view sql) { return client_->Run(sql); }

  // The file that a flush writes.
  ParquetFile Flush(const std::string& table) {
    const std::string id = Run("FLUSH TABLE " + table).rows().at(0).at(0);
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    const auto job = [&] {
      return Run("SELECT status, result FROM system.jobs WHERE job_id = '" + id + "'").rows().at(0);
    };
    while (job()[0] != "completed" && std::chrono::steady_clock::now() < give_up)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const auto result = Json::Parse(job()[1]);
    if (!result || (*result)["parquet_files"].size() != 1)
      throw std::runtime_error("flush: " + job()[1]);
    return ReadParquet(server_.data_dir() / "storage" / (*result)["parquet_files"][0].text());
  }

  ServerProcess& server_;
  std::optional<SqlClient> client_;
};

TEST_F(ParquetFiles, AReaderThatIsNotOursReadsEveryTypeExactly) {
  constexpr int kRows = 9'000, kPerStatement = 1'500;  // several row groups
  const std::vector<TypedColumn> columns = AllTypes();
  std::string definition = "id BIGINT PRIMARY KEY";
  for (const TypedColumn& column : columns)
    definition += ", " + column.name + " " + column.sql_type;
  ASSERT_TRUE(Ok(Run("CREATE NAMESPACE app; CREATE TABLE app.t (" + definition +
                     ") FLUSH ROW_THRESHOLD 999999 INTERVAL 86399s")));
  const auto id_of = [](int row) {
    return row == 0           ? std::numeric_limits<std::int64_t>::min()
           : row == kRows - 1 ? std::numeric_limits<std::int64_t>::max()
                              : std::int64_t{row} * 3 - kRows;
  };
  const auto value_of = [&](int row, std::size_t column) -> const Written& {
    const auto& values = columns[column].values;
    return values[(static_cast<std::size_t>(row) + column) % values.size()];
  };
  // Not in the order of their keys.
  for (int first = kRows - kPerStatement; first >= 0; first -= kPerStatement) {
    std::string sql = "INSERT INTO app.t VALUES ";
    for (int row = first + kPerStatement - 1; row >= first; --row) {
      sql += "(" + std::to_string(id_of(row));
      for (std::size_t column = 0; column < columns.size(); ++column)
        sql += ", " + value_of(row, column).sql;
      sql += row == first ? ")" : "), ";
    }
    const SqlAnswer inserted = Run(sql);
    ASSERT_TRUE(inserted.ok()) << inserted.error().substr(0, 300);
  }
  const auto seqs = Run("SELECT _seq, epoch_us(_updated) FROM app.t ORDER BY id").rows();
  const ParquetFile file = Flush("app.t");

  ASSERT_EQ(file.columns.size(), columns.size() + 4);
  for (std::size_t i = 0; i < columns.size(); ++i) {
    EXPECT_EQ(file.columns[i + 1].name, columns[i].name);
    EXPECT_EQ(file.columns[i + 1].type, columns[i].parquet_type) << columns[i].name;
    EXPECT_EQ(file.columns[i + 1].converted, columns[i].converted) << columns[i].name;
    EXPECT_EQ(file.columns[i + 1].field_id, static_cast<std::int64_t>(i) + 2) << columns[i].name;
  }
  const std::size_t seq = file.ColumnOf("_seq"), updated = file.ColumnOf("_updated"),
                    deleted = file.ColumnOf("_deleted");
  EXPECT_EQ(file.columns[updated].converted, "TIMESTAMP_MICROS");

  ASSERT_EQ(file.rows.size(), static_cast<std::size_t>(kRows));
  for (int row = 0; row < kRows; ++row) {
    const auto& read = file.rows[static_cast<std::size_t>(row)];
    ASSERT_EQ(read[0], std::to_string(id_of(row))) << "in key order";
    for (std::size_t column = 0; column < columns.size(); ++column) {
      ASSERT_EQ(read[column + 1], value_of(row, column).read)
          << columns[column].name << " of row " << row;
    }
    ASSERT_EQ(read[seq], seqs.at(static_cast<std::size_t>(row))[0]);
    ASSERT_EQ(read[updated], seqs.at(static_cast<std::size_t>(row))[1]);
    ASSERT_EQ(read[deleted], "false");
  }

  ASSERT_GE(file.groups.size(), 2u);
  std::size_t from = 0;
  for (const ParquetFile::Group& group : file.groups) {
    const std::size_t to = from + static_cast<std::size_t>(group.rows);
    ASSERT_LE(to, file.rows.size());
    EXPECT_LE(group.rows, 10'000);
    ASSERT_EQ(group.columns.size(), file.columns.size());
    for (std::size_t column = 0; column < file.columns.size(); ++column) {
      if (file.columns[column].name == "none") continue;  // nothing to order
      ExpectTrue(file, column, group.columns[column], from, to);
    }
    from = to;
  }
  EXPECT_EQ(from, file.rows.size());
}

TEST_F(ParquetFiles, LongTextsRenamedColumnsAndTombstonesAreThere) {
  ASSERT_TRUE(
      Ok(Run("CREATE NAMESPACE app; CREATE USER TABLE app.notes (id TEXT PRIMARY KEY, body TEXT, n "
             "INT); INSERT "
             "INTO app.notes VALUES ('b', repeat('0123456789', 100000), 1), ('', 'the empty key', "
             "2), ('ä', "
             "NULL, 3)")));
  const ParquetFile first = Flush("app.notes");
  ASSERT_EQ(first.rows.size(), 3u);
  EXPECT_EQ(first.rows[0][0], "");
  EXPECT_EQ(first.rows[1][0], "b");
  EXPECT_EQ(first.rows[2][0], "ä");
  ASSERT_EQ(first.rows[1][1].value_or("").size(), 1'000'000u);
  EXPECT_EQ(first.rows[1][1]->substr(999'990), "0123456789");

  ASSERT_TRUE(Ok(Run(
      "ALTER TABLE app.notes DROP COLUMN n; ALTER TABLE app.notes RENAME body TO text; ALTER TABLE "
      "app.notes ADD n DATE; DELETE FROM app.notes WHERE id = 'b'; UPDATE app.notes SET n = "
      "'2025-01-02' "
      "WHERE id = 'ä'")));
  const ParquetFile second = Flush("app.notes");
  ASSERT_EQ(second.rows.size(), 2u);
  EXPECT_EQ(second.rows[0][0], "b");
  EXPECT_EQ(second.rows[0][second.ColumnOf("_deleted")], "true");
  EXPECT_EQ(second.rows[1][second.ColumnOf("_deleted")], "false");
  EXPECT_EQ(second.rows[1][second.ColumnOf("n")], "20090");
  // A column keeps its id under another name; another column of an old name has another one.
  EXPECT_EQ(second.columns[second.ColumnOf("text")].field_id,
            first.columns[first.ColumnOf("body")].field_id);
  EXPECT_NE(second.columns[second.ColumnOf("n")].field_id,
            first.columns[first.ColumnOf("n")].field_id);
}

}  // namespace
}  // namespace kalam::test
