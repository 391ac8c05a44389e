#include "wire/sql_request.h"

#include <random>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace kalam::wire {
namespace {

// A body as the HTTP server hands it over: padding behind it.
class Body {
 public:
  explicit Body(std::string_view text) : bytes_(text), size_(text.size()) {
    bytes_.append(kBodyPaddingBytes, '\0');
  }
  std::string_view text() const { return {bytes_.data(), size_}; }

 private:
  std::string bytes_;
  std::size_t size_;
};

Result<SqlRequest> Parse(const Body& body, std::size_t max_params = 65'535) {
  return ParseSqlRequest(body.text(), {.max_params = max_params});
}

std::string ErrorOf(std::string_view text) {
  const Body body(text);
  const auto request = Parse(body);
  if (request.ok()) return "(accepted)";
  EXPECT_EQ(request.error().code(), ErrorCode::kInvalidArgument) << text;
  return request.error().message();
}

TEST(SqlRequest, ReadsEveryField) {
  const Body body(R"({"sql":"SELECT $1","params":["maya",100,-7,2.5,true,false,null],)"
                  R"("request_id":"r-1","int64_as_string":true})");
  const auto request = Parse(body);
  ASSERT_TRUE(request.ok()) << request.error().message();
  EXPECT_EQ(request->sql, "SELECT $1");
  EXPECT_EQ(request->request_id, "r-1");
  EXPECT_TRUE(request->int64_as_string);
  const std::vector<Datum> expected = {Datum::Text("maya"), Datum::Int(100),   Datum::Int(-7),
                                       Datum::Double(2.5),  Datum::Bool(true), Datum::Bool(false),
                                       Datum::Null()};
  EXPECT_EQ(request->params, expected);
}

TEST(SqlRequest, OptionalFieldsMayBeAbsentOrNull) {
  for (const auto text : {R"({"sql":"x"})",
                          R"({"params":null,"request_id":null,"int64_as_string":null,"sql":"x"})"}) {
    const Body body(text);
    const auto request = Parse(body);
    ASSERT_TRUE(request.ok()) << request.error().message();
    EXPECT_EQ(request->sql, "x");
    EXPECT_TRUE(request->params.empty());
    EXPECT_FALSE(request->request_id.has_value());
    EXPECT_FALSE(request->int64_as_string);
  }
}

TEST(SqlRequest, WithoutEscapesTheTextIsTheBodysOwn) {
  const Body body(R"({"sql":"SELECT 'caf\u00e9'"})");
  const Body plain(R"( {"sql" : "SELECT 'café'", "params":["ü"] } )");
  const auto escaped = Parse(body);
  const auto borrowed = Parse(plain);
  ASSERT_TRUE(escaped.ok() && borrowed.ok());
  EXPECT_EQ(escaped->sql, borrowed->sql);
  EXPECT_EQ(borrowed->unescaped, nullptr);
  EXPECT_GT(borrowed->sql.data(), plain.text().data());
  EXPECT_LT(borrowed->sql.data(), plain.text().data() + plain.text().size());
  EXPECT_EQ(borrowed->params[0].text(), "ü");
}

TEST(SqlRequest, UnescapedTextSurvivesMovesAndTheNextRequest) {
  const Body body(R"({"sql":"a\n\"b\"\t\\ \ud83d\ude00","params":["x\u0041",""],"request_id":"\u0031"})");
  auto request = Parse(body);
  ASSERT_TRUE(request.ok()) << request.error().message();
  const SqlRequest moved = std::move(request).value();
  for (int i = 0; i < 3; ++i) {
    const Body other(R"({"sql":"\u0058\u0058\u0058\u0058\u0058","params":["\u0059\u0059"]})");
    ASSERT_TRUE(Parse(other).ok());
  }
  EXPECT_EQ(moved.sql, "a\n\"b\"\t\\ \xF0\x9F\x98\x80");
  EXPECT_EQ(moved.params[0].text(), "xA");
  EXPECT_EQ(moved.params[1].text(), "");
  EXPECT_EQ(moved.request_id, "1");
}

TEST(SqlRequest, AnotherThreadMayUseIt) {
  const Body body(R"({"sql":"line\none"})");
  auto request = Parse(body);
  ASSERT_TRUE(request.ok());
  std::string seen;
  std::thread([&, moved = std::move(request).value()] { seen = moved.sql; }).join();
  EXPECT_EQ(seen, "line\none");
}

TEST(SqlRequest, IntegersAreExactToTheEdgeOfBigint) {
  const Body body(R"({"sql":"x","params":[9223372036854775807,-9223372036854775808,9007199254740993,0,-0]})");
  const auto request = Parse(body);
  ASSERT_TRUE(request.ok()) << request.error().message();
  EXPECT_EQ(request->params[0], Datum::Int(std::numeric_limits<std::int64_t>::max()));
  EXPECT_EQ(request->params[1], Datum::Int(std::numeric_limits<std::int64_t>::min()));
  EXPECT_EQ(request->params[2], Datum::Int(9007199254740993));
  EXPECT_EQ(request->params[3], Datum::Int(0));
  EXPECT_EQ(request->params[4], Datum::Int(0));
}

TEST(SqlRequest, IntegersOutsideBigintAreRefusedNotRounded) {
  for (const std::string number :
       {"9223372036854775808", "-9223372036854775809", "18446744073709551615",
        "18446744073709551616", "123456789012345678901234567890"}) {
    EXPECT_EQ(ErrorOf(R"({"sql":"x","params":[1,)" + number + "]}"),
              "params[1]: integer " + number + " is outside the range of BIGINT");
  }
}

TEST(SqlRequest, DoublesKeepTheirShape) {
  const Body body(R"({"sql":"x","params":[1e3,0.1,-1.5E-7,1.0]})");
  const auto request = Parse(body);
  ASSERT_TRUE(request.ok()) << request.error().message();
  EXPECT_EQ(request->params[0], Datum::Double(1000));
  EXPECT_EQ(request->params[1], Datum::Double(0.1));
  EXPECT_EQ(request->params[2], Datum::Double(-1.5e-7));
  EXPECT_EQ(request->params[3], Datum::Double(1.0));
  EXPECT_EQ(ErrorOf(R"({"sql":"x","params":[1e400]})"),
            "params[0]: 1e400 is not a valid or representable number");
}

TEST(SqlRequest, WrongTypesAreNamed) {
  EXPECT_EQ(ErrorOf(R"({"sql":1})"), "field 'sql' must be a string");
  EXPECT_EQ(ErrorOf(R"({"sql":null})"), "field 'sql' must be a string");
  EXPECT_EQ(ErrorOf(R"({"sql":["x"]})"), "field 'sql' must be a string");
  EXPECT_EQ(ErrorOf(R"({"sql":"x","params":{}})"), "field 'params' must be an array");
  EXPECT_EQ(ErrorOf(R"({"sql":"x","params":"y"})"), "field 'params' must be an array");
  EXPECT_EQ(ErrorOf(R"({"sql":"x","params":[1,[2]]})"),
            "params[1]: a parameter must be a string, a number, true, false or null, not an array or "
            "object");
  EXPECT_EQ(ErrorOf(R"({"sql":"x","params":[{"a":1}]})").rfind("params[0]: a parameter must be", 0), 0u);
  EXPECT_EQ(ErrorOf(R"({"sql":"x","int64_as_string":1})"),
            "field 'int64_as_string' must be true or false");
  EXPECT_EQ(ErrorOf(R"({"sql":"x","request_id":7})"), "field 'request_id' must be a string");
  EXPECT_EQ(ErrorOf(R"({"sql":"x","request_id":""})"),
            "field 'request_id' must have 1 to 128 bytes");
}

TEST(SqlRequest, WhatIsNoRequestIsRefused) {
  EXPECT_EQ(ErrorOf(""), "request body is empty, expected a JSON object");
  EXPECT_EQ(ErrorOf("  \n "), "request body is empty, expected a JSON object");
  EXPECT_EQ(ErrorOf("[]"), "request body must be a JSON object");
  EXPECT_EQ(ErrorOf("\"sql\""), "request body must be a JSON object");
  EXPECT_EQ(ErrorOf("17"), "request body must be a JSON object");
  EXPECT_EQ(ErrorOf("{}"), "field 'sql' is missing");
  EXPECT_EQ(ErrorOf(R"({"SQL":"x"})"), "field 'sql' is missing");
  EXPECT_EQ(ErrorOf(R"({"sql":"x","sql":"y"})"), "field 'sql' occurs twice");
  EXPECT_EQ(ErrorOf(R"({"sql":"x","\u0073ql":"y"})"), "field 'sql' occurs twice");
  EXPECT_EQ(ErrorOf(R"({"sql":"x","params":[],"params":[]})"), "field 'params' occurs twice");
  EXPECT_EQ(ErrorOf("{\"sql\":\"\xff\"}"), "request body is not valid UTF-8");
  EXPECT_EQ(ErrorOf("{\"sql\":\"a\nb\"}"),
            "request body is not valid JSON: unescaped control character in a string");
  EXPECT_EQ(ErrorOf(R"({"sql":"\x"})"), "request body is not valid JSON: bad escape in a string");
  EXPECT_EQ(ErrorOf(R"({"sql":"\ud83d"})"), "request body is not valid JSON: bad escape in a string");
}

TEST(SqlRequest, BrokenJsonIsRefusedWhereverItIs) {
  for (const std::string text :
       {R"({"sql":"x"} trailing)", R"({"sql":"x"}{"sql":"y"})", R"({"sql":"x"}])", R"({"sql":"x")",
        R"({"sql":"x)", R"({"sql":"x",})", R"({"sql" "x"})", R"({"sql":"x" "params":[]})",
        R"({sql:"x"})", R"({"sql":"x","params":[1,]})", R"({"sql":"x","params":[1 2]})",
        R"({"sql":"x","params":[01]})", R"({"sql":"x","params":[1.]})",
        R"({"sql":"x","params":[+1]})", R"({"sql":"x","params":[-]})",
        R"({"sql":"x","params":[NaN]})", R"({"sql":"x","params":[nul]})",
        R"({"sql":"x","params":[nullx]})", R"({"sql":"x","params":[truex]})",
        R"({"sql":"x","params":nulll})", R"({"sql":"x","params":[1)", R"({"sql":"x","z":[1,}})",
        R"({"sql":"x","z":{"a":tru}})", R"({"sql":"x","z":{"a":1 "b":2}})",
        R"({"sql":"x","z":"\q"})", R"({"sql":"x","z":1.2.3})", R"({"sql":"x","z":nul})"}) {
    EXPECT_NE(ErrorOf(text), "(accepted)") << text;
  }
}

TEST(SqlRequest, UnknownFieldsAreIgnored) {
  const Body body(R"({"a":{"b":[1,2.5,"\u00e9",null,{"sql":"no"}]},"sql":"x","z":[[]],"y":false})");
  const auto request = Parse(body);
  ASSERT_TRUE(request.ok()) << request.error().message();
  EXPECT_EQ(request->sql, "x");
}

TEST(SqlRequest, DeepNestingIsRefusedWithoutExhaustingTheStack) {
  const std::string open(1'000'000, '[');
  EXPECT_NE(ErrorOf(R"({"sql":"x","z":)" + open + "}"), "(accepted)");
  EXPECT_NE(ErrorOf(open), "(accepted)");
  const std::string levels(65, '[');
  EXPECT_EQ(ErrorOf(R"({"sql":"x","z":)" + levels + std::string(65, ']') + "}"),
            "request body is nested deeper than 64 levels");
}

TEST(SqlRequest, TooManyParametersNameTheLimit) {
  const Body body(R"({"sql":"x","params":[1,2,3]})");
  EXPECT_TRUE(Parse(body, 3).ok());
  const auto request = Parse(body, 2);
  ASSERT_FALSE(request.ok());
  EXPECT_EQ(request.error().code(), ErrorCode::kLimitExceeded);
  EXPECT_EQ(request.error().message(),
            "too many parameters: at most 2 are allowed (limits.max_params)");
}

TEST(SqlRequest, LargeBodiesWork) {
  std::string sql(8 << 20, 'a');
  const Body plain("{\"sql\":\"" + sql + "\"}");
  const auto request = Parse(plain);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->sql, sql);
  const Body escaped("{\"sql\":\"" + sql + "\\n\"}");
  const auto with_escape = Parse(escaped);
  ASSERT_TRUE(with_escape.ok());
  EXPECT_EQ(with_escape->sql, sql + "\n");
}

// Whatever arrives is answered with a value or an error. (The sanitizer run makes this test sharp.)
TEST(SqlRequest, DamagedBodiesNeverDoHarm) {
  const std::string good =
      R"({"sql":"SELECT * FROM a.b WHERE \"c\" = $1","params":["é\n",1,2.5,null,true],"x":{"y":[1]}})";
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  int accepted = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string text = good;
    for (auto edits = 1 + random() % 3; edits > 0; --edits) {
      const auto at = random() % text.size();
      switch (random() % 3) {
        case 0: text[at] = static_cast<char>(random()); break;
        case 1: text.erase(at, 1 + random() % 4); break;
        default: text.insert(at, 1, "{}[]\",:\\0-e"[random() % 11]); break;
      }
      if (text.empty()) text = "{";
    }
    const Body body(text);
    if (const auto request = Parse(body); request.ok()) {
      ++accepted;
      ASSERT_LE(request->sql.size(), text.size());
    } else {
      ASSERT_FALSE(request.error().message().empty());
    }
  }
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 20'000);
}

}  // namespace
}  // namespace kalam::wire
