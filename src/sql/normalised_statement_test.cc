#include "sql/normalised_statement.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace kalam::sql {
namespace {

// The text, and behind `;` the literals taken out of it; `-` when the statement is left as it is.
std::string Of(std::string_view statement, std::vector<Datum> params = {}) {
  NormalisedStatement out;
  if (!Normalise(statement, params, out)) return "-";
  std::string text = out.text;
  for (const Datum& literal : out.literals) {
    text += literal.kind() == Datum::Kind::kInt ? "; " + std::to_string(literal.int_value())
                                                : "; " + std::string(literal.text());
  }
  return text;
}

TEST(Normalise, BlanksCommentsAndKeywordsDoNotMatter) {
  const std::string text = "select a . b , count ( * ) from t where x > 1 + y order by 2";
  EXPECT_EQ(Of("SELECT a.b, count(*) FROM t WHERE x > 1 + y ORDER BY 2"), text);
  EXPECT_EQ(Of("select a.b,count(*)\n\tfrom t -- why\n where x>1/* ! */+y Order By 2"), text);
}

TEST(Normalise, NamesAndTextsKeepTheirCase) {
  EXPECT_EQ(Of("SELECT Body AS Where, \"X\".Y FROM T"), "select Body as Where , \"X\" . Y from T");
  EXPECT_EQ(Of("SELECT 'SELECT'"), "select 'SELECT'");
}

TEST(Normalise, LiteralsThatSelectRowsBecomeParameters) {
  EXPECT_EQ(Of("SELECT * FROM t WHERE a = 5 AND b <> 'x''y' OR c>= -7"),
            "select * from t where a = $1 and b <> $2 or c >= $3; 5; x'y; -7");
  EXPECT_EQ(Of("SELECT * FROM t WHERE c>=-7"), "select * from t where c >= $1; -7");
  EXPECT_EQ(Of("SELECT * FROM t WHERE a BETWEEN 1 AND 5 AND b BETWEEN -2 AND -1"),
            "select * from t where a between $1 and $2 and b between $3 and $4; 1; 5; -2; -1");
  EXPECT_EQ(Of("SELECT * FROM t WHERE id = $1 AND n > 3", {Datum::Int(1)}),
            "select * from t where id = $1 and n > $2; 3");
  EXPECT_EQ(Of("DELETE FROM t WHERE (a = 1)"), "delete from t where ( a = $1 ); 1");
  EXPECT_EQ(Of("UPDATE t SET a = 1 WHERE a = 2"), "update t set a = 1 where a = $1; 2");
  EXPECT_EQ(Of("INSERT INTO t VALUES (1, 'x', -3, 1.5, now())"),
            "insert into t values ( $1 , $2 , $3 , 1.5 , now ( ) ); 1; x; -3");
  EXPECT_EQ(Of("SELECT * FROM (SELECT * FROM t WHERE a = 1) WHERE b = 2"),
            "select * from ( select * from t where a = $1 ) where b = $2; 1; 2");
}

TEST(Normalise, LiteralsThatShapeTheAnswerStay) {
  for (const char* statement :
       {"select a + 5 from t", "select a from t group by a , 5", "select a from t order by 1",
        "select a from t limit 5", "select ( select max ( b ) from u where c = 5 ) from t",
        "select a from t group by a having count ( * ) > 5", "select * from t join u on t . a = 5",
        "select * from t where a = 5 + b", "select * from t where a in ( 1 , 2 )",
        "select * from t where a like 'x%'", "select * from t where d > date '2024-01-01'",
        "select * from t where 1 = 1", "select * from t where a = 1.5",
        "select * from t where case when a = 5 then true end",
        "select count ( * ) filter ( where a = 5 ) from t",
        "select * from t where a = 99999999999999999999"}) {
    EXPECT_EQ(Of(statement), statement);
  }
}

TEST(Normalise, KindsOfValuesAreAPartOfTheKey) {
  NormalisedStatement a, b;
  ASSERT_TRUE(Normalise("SELECT 1 FROM t WHERE x = 5", {}, a));
  ASSERT_TRUE(Normalise("SELECT 1 FROM t WHERE x = '5'", {}, b));
  EXPECT_EQ(a.text, b.text);
  EXPECT_NE(a.key, b.key);
  const std::vector<Datum> one = {Datum::Int(1)};
  ASSERT_TRUE(Normalise("SELECT 1 FROM t WHERE x = $1", one, b));
  EXPECT_NE(a.key, b.key);  // a literal is not a parameter, though both are $1
}

TEST(Normalise, LeavesAloneWhatItCannotJudge) {
  EXPECT_EQ(Of("SELECT $1"), "-");  // not given: its number would be a literal's
  EXPECT_EQ(Of("SELECT $2", {Datum::Int(1)}), "-");
  EXPECT_EQ(Of("SELECT $x", {Datum::Int(1)}), "-");
  EXPECT_EQ(Of("SELECT ?", {Datum::Int(1)}), "-");
  EXPECT_EQ(Of("SELECT E'a\\n'"), "-");
  EXPECT_EQ(Of("SELECT 'a'\n'b'"), "-");
  EXPECT_EQ(Of("SELECT 'a"), "-");
  EXPECT_EQ(Of("SELECT '" + std::string(kMaxNormalisedBytes, 'x') + "'"), "-");
}

TEST(Normalise, OperatorsThatTouchStayTogether) {
  EXPECT_EQ(Of("SELECT a @- b FROM t"), "select a @- b from t");
  EXPECT_NE(Of("SELECT a @- b FROM t"), Of("SELECT a @ - b FROM t"));
}

TEST(Normalise, ItsTextNormalisesToItself) {
  for (const char* statement :
       {"SELECT a::INT, -b FROM t WHERE a=1 AND -b<-2", "WITH x AS (SELECT 1) SELECT * FROM x",
        "SELECT x[1:2], {'a': 1} FROM t WHERE y = 3"}) {
    NormalisedStatement once, twice;
    ASSERT_TRUE(Normalise(statement, {}, once));
    std::vector<Datum> params = once.literals;
    ASSERT_TRUE(Normalise(once.text, params, twice));
    EXPECT_EQ(twice.text, once.text);
    EXPECT_TRUE(twice.literals.empty());
  }
}

}  // namespace
}  // namespace kalam::sql
