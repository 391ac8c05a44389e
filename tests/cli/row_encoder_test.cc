#include "import/row_encoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kalam::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TargetTable Notes() {
  TargetTable table;
  table.name = "app.notes";
  table.columns = {
      {"id", ColumnClass::kInteger, false, true, true},
      {"body", ColumnClass::kText, false, false, false},
      {"score", ColumnClass::kNumber, true, false, false},
      {"done", ColumnClass::kBoolean, true, false, false},
      {"at", ColumnClass::kOther, true, true, false},
  };
  return table;
}

struct Encoded {
  std::string text;  // the tuple, or the problem
  ColumnSet columns;
  std::optional<std::string> key;
};

// Encodes all records of a file, or gives the one error of the set-up.
std::vector<Encoded> Encode(RecordReader& reader, const ImportOptions& options = {}) {
  const TargetTable table = Notes();
  auto encoder = RowEncoder::Create(table, options, reader);
  if (!encoder) return {{"setup: " + encoder.error().message, {}, {}}};
  std::vector<Encoded> all;
  Record record;
  while (*reader.Next(&record)) {
    EncodedRow row;
    Encoded& encoded = all.emplace_back();
    const std::string problem = encoder->Encode(record, reader, &row, &encoded.columns);
    encoded.text = problem.empty() ? row.tuple : problem;
    encoded.key = row.key;
  }
  return all;
}

std::vector<Encoded> EncodeCsv(const std::string& text, const ImportOptions& options = {}) {
  const auto input = InputWindow::OfText(text, 1 << 20);
  return Encode(**OpenCsv(input.get(), {}), options);
}

std::vector<Encoded> EncodeJson(const std::string& lines, const ImportOptions& options = {}) {
  const auto input = InputWindow::OfText(lines, 1 << 20);
  return Encode(*OpenJson(input.get(), JsonLayout::kLines), options);
}

TEST(RowEncoderTest, CsvTextTakesTheFormOfItsColumn) {
  const auto rows = EncodeCsv("score,id,body,done,at\n1.5,7,it's,True,2025-01-01\nx,y,3,maybe,\n");
  EXPECT_EQ(rows[0].text, "(7,'it''s',1.5,TRUE,'2025-01-01')");
  EXPECT_EQ(rows[0].key, "7");
  EXPECT_EQ(rows[1].text, "('y','3','x','maybe',NULL)");
  EXPECT_EQ(rows[1].key, std::nullopt);
}

TEST(RowEncoderTest, EmptyCsvFieldMeansTheDefaultWhereNullIsImpossible) {
  const auto rows = EncodeCsv("id,body,at\n,x,\n");
  EXPECT_EQ(rows[0].text, "('x',NULL)");
  EXPECT_THAT(rows[0].columns, ElementsAre(1, 4));
}

TEST(RowEncoderTest, JsonValuesAndMissingMembers) {
  const auto rows = EncodeJson(
      "{\"id\":5,\"body\":{\"a\":[1,\"x\"]}}\n{\"id\":\"6\",\"body\":12,\"done\":false,\"score\":"
      "null}\n"
      "{\"id\":null,\"body\":true}\n");
  EXPECT_EQ(rows[0].text, "(5,'{\"a\":[1,\"x\"]}')");
  EXPECT_THAT(rows[0].columns, ElementsAre(0, 1));
  EXPECT_EQ(rows[1].text, "(6,'12',NULL,FALSE)");
  EXPECT_EQ(rows[1].key, "6");
  EXPECT_EQ(rows[2].text, "(NULL,'true')");
}

TEST(RowEncoderTest, LastOfRepeatedJsonMembersCounts) {
  EXPECT_EQ(EncodeJson("{\"body\":\"a\",\"body\":\"b\"}")[0].text, "('b')");
}

TEST(RowEncoderTest, KeysAreWrittenAsTheServerWritesThem) {
  EXPECT_EQ(EncodeCsv("id,body\n007,x\n")[0].key, "7");
  EXPECT_EQ(EncodeCsv("id,body\n99999999999999999999,x\n")[0].key, std::nullopt);
}

TEST(RowEncoderTest, MapsColumnsAndSystemFields) {
  ImportOptions options;
  options.maps = {"text=body"};
  options.columns = {"id", "body"};
  EXPECT_EQ(EncodeCsv("id,text,other,_updated\n1,x,y,z\n", options)[0].text, "(1,'x')");
  EXPECT_EQ(EncodeCsv("id,body,_updated,_deleted\n1,x,2025-01-01,false\n")[0].text, "(1,'x')");
}

TEST(RowEncoderTest, FieldsWithoutAPlaceAreRefused) {
  EXPECT_THAT(EncodeCsv("id,what\n1,2\n")[0].text,
              HasSubstr("setup: field 'what' is not a column of app.notes (columns: id, body"));
  const auto rows = EncodeJson("{\"id\":1,\"what\":2}\n{\"id\":2,\"body\":\"x\"}\n{}\n");
  EXPECT_THAT(rows[0].text, HasSubstr("field 'what' is not a column"));
  EXPECT_EQ(rows[1].text, "(2,'x')");
  EXPECT_THAT(rows[2].text, HasSubstr("no value for any column"));
  ImportOptions options;
  options.maps = {"a=nowhere"};
  EXPECT_THAT(EncodeCsv("a\n1\n", options)[0].text, HasSubstr("no column 'nowhere'"));
  options.maps = {"a"};
  EXPECT_THAT(EncodeCsv("a\n1\n", options)[0].text, HasSubstr("FIELD=COLUMN"));
  options.maps = {"a=body", "b=body"};
  EXPECT_THAT(EncodeCsv("a,b\n1,2\n", options)[0].text, HasSubstr("two fields"));
}

}  // namespace
}  // namespace kalam::cli
