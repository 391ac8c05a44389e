#include "completion/completer.h"

#include "completion/words.h"
#include "sql/keyword.h"
#include "sql/lexer.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <span>

namespace kalam::cli {

namespace {

using Category = Completion::Category;
using sql::Keyword;
using sql::Token;
using sql::TokenKind;

// The tokens of the statement that holds the cursor, and how many of them lie before the word at the cursor.
struct Place {
  std::vector<Token> tokens;
  std::size_t before = 0;
  std::string_view word;  // before the cursor; what is to be completed
  bool in_literal = false;
};

// `gap` is blanks and comments only.
bool EndsInComment(std::string_view gap) {
  const std::size_t line = gap.rfind("--");
  if (line != std::string_view::npos && gap.find('\n', line) == std::string_view::npos) return true;
  const std::size_t block = gap.rfind("/*");
  return block != std::string_view::npos && gap.find("*/", block) == std::string_view::npos;
}

Place FindPlace(std::string_view text, std::size_t cursor) {
  Place place;
  sql::Lexer lexer(text);
  bool passed = false;  // the cursor
  for (Token token = lexer.Next(); token.kind != TokenKind::kEnd; token = lexer.Next()) {
    if (!passed && token.end() >= cursor) {
      passed = true;
      place.before = place.tokens.size();
      const bool word_here = token.kind == TokenKind::kWord && token.offset < cursor;
      if (word_here) {
        place.word = text.substr(token.offset, cursor - token.offset);
        continue;
      }
      if (token.offset < cursor && token.end() > cursor) place.in_literal = true;
      if (token.kind == TokenKind::kUnterminatedQuote || token.kind == TokenKind::kUnterminatedComment) {
        place.in_literal = token.offset < cursor;
      }
      // Right behind a number or a string, no name can start.
      const bool touches = token.offset < cursor && token.end() == cursor;
      if (touches && token.kind != TokenKind::kSymbol) place.in_literal = true;
      if (token.end() == cursor && !token.Is(';')) ++place.before;
    }
    if (token.Is(';')) {
      if (passed && token.offset >= cursor) break;
      place.tokens.clear();
      place.before = 0;
      continue;
    }
    place.tokens.push_back(token);
  }
  if (!passed) place.before = place.tokens.size();
  // Comments are skipped along with blanks, so a cursor in one shows in the text alone.
  const std::size_t last = place.before == 0 ? 0 : place.tokens[place.before - 1].end();
  const std::size_t word_begin = cursor - place.word.size();
  if (last < word_begin && EndsInComment(text.substr(last, word_begin - last))) place.in_literal = true;
  return place;
}

bool IsOneOf(Keyword keyword, std::initializer_list<Keyword> set) {
  return std::find(set.begin(), set.end(), keyword) != set.end();
}

bool NamesTableNext(Keyword keyword) {
  return IsOneOf(keyword, {Keyword::kFrom, Keyword::kJoin, Keyword::kInto, Keyword::kUpdate, Keyword::kTable,
                           Keyword::kDescribe});
}

bool StartsExpressions(Keyword keyword) {
  return IsOneOf(keyword, {Keyword::kSelect, Keyword::kWhere, Keyword::kBy, Keyword::kHaving, Keyword::kOn,
                           Keyword::kSet, Keyword::kAnd, Keyword::kOr, Keyword::kNot, Keyword::kReturning,
                           Keyword::kDistinct, Keyword::kWhen, Keyword::kThen, Keyword::kElse, Keyword::kCase,
                           Keyword::kBetween});
}

// A table named in a statement.
struct Reference {
  std::string ns;
  std::string name;
  std::string alias;
};

std::string NameOf(const Token& token) {
  std::string scratch;
  return std::string(sql::Unquote(token, scratch));
}

std::vector<Reference> ReferencesIn(std::span<const Token> tokens) {
  std::vector<Reference> references;
  bool table_next = false;
  bool in_from = false;
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    const Keyword keyword = sql::KeywordOf(tokens[i]);
    if (NamesTableNext(keyword)) {
      table_next = true;
      in_from = keyword == Keyword::kFrom;
      continue;
    }
    if (in_from && tokens[i].Is(',')) {
      table_next = true;
      continue;
    }
    if (IsOneOf(keyword, {Keyword::kWhere, Keyword::kGroup, Keyword::kOrder, Keyword::kSet, Keyword::kSelect})) {
      in_from = table_next = false;
    }
    if (!table_next || !tokens[i].IsName()) {
      if (!tokens[i].IsName()) table_next = false;
      continue;
    }
    table_next = false;
    Reference reference{.ns = {}, .name = NameOf(tokens[i]), .alias = {}};
    if (i + 2 < tokens.size() && tokens[i + 1].Is('.') && tokens[i + 2].IsName()) {
      reference.ns = std::move(reference.name);
      reference.name = NameOf(tokens[i + 2]);
      i += 2;
    }
    const std::size_t as = i + 1 < tokens.size() && sql::KeywordOf(tokens[i + 1]) == Keyword::kAs ? 1 : 0;
    if (i + 1 + as < tokens.size() && tokens[i + 1 + as].IsName() && !IsKeywordWord(tokens[i + 1 + as].text)) {
      reference.alias = NameOf(tokens[i + 1 + as]);
    }
    references.push_back(std::move(reference));
  }
  return references;
}

class Collector {
 public:
  Collector(std::string_view prefix, const SchemaNames& names, Completions* out)
      : prefix_(prefix), names_(names), out_(*out) {}

  bool Add(std::string_view text, Category category) {
    if (out_.items.size() >= kMaxCompletions) {
      out_.more = true;
      return false;
    }
    Completion item{std::string(text), category};
    if (std::ranges::find(out_.items, item) == out_.items.end()) out_.items.push_back(std::move(item));
    return true;
  }
  void AddWords(std::span<const std::string_view> words, Category category) {
    for (auto word = std::ranges::lower_bound(words, Upper()); word != words.end(); ++word) {
      if (!SchemaNames::HasPrefix(*word, prefix_) || !Add(*word, category)) return;
    }
  }
  void AddCommands() {
    for (const std::string_view command : OfferedCommands()) {
      if (SchemaNames::HasPrefix(command, prefix_)) Add(command, Category::kCommand);
    }
  }
  // As they have to be written: with their namespace.
  void AddTables() {
    names_.Namespaces(prefix_, [&](const std::string& ns) { return Add(ns + ".", Category::kNamespace); });
    if (names_.HasNamespace(prefix_)) AddTablesOf(prefix_, {}, std::string(prefix_) + ".");
    names_.TablesNamed(prefix_, [&](const SchemaNames::Table& table) {
      return Add(table.ns.empty() ? table.name : table.ns + "." + table.name, Category::kTable);
    });
  }
  void AddTablesOf(std::string_view ns, std::string_view prefix, std::string_view in_front) {
    names_.TablesOf(ns, prefix, [&](const SchemaNames::Table& table) {
      return Add(std::string(in_front) + table.name, Category::kTable);
    });
  }
  void AddColumns(const SchemaNames::Table& table) {
    for (const std::string& column : table.columns) {
      if (SchemaNames::HasPrefix(column, prefix_) && !Add(column, Category::kColumn)) return;
    }
  }

 private:
  std::string Upper() const {
    std::string upper(prefix_);
    for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return upper;
  }

  std::string_view prefix_;
  const SchemaNames& names_;
  Completions& out_;
};

void CompleteCommand(std::string_view text, std::size_t cursor, const SchemaNames& names, Completions* out) {
  const std::string_view typed = text.substr(0, cursor);
  const std::size_t blank = typed.find_first_of(" \t");
  if (blank == std::string_view::npos) {
    out->begin = 0;
    Collector(typed, names, out).AddCommands();
    return;
  }
  const std::string_view command = typed.substr(0, blank);
  const std::size_t begin = typed.find_last_of(" \t") + 1;
  const std::string_view word = typed.substr(begin);
  out->begin = begin;
  if (command == "\\d" || command == "\\describe") {
    const std::size_t dot = word.find('.');
    if (dot == std::string_view::npos) return Collector(word, names, out).AddTables();
    out->begin = begin + dot + 1;
    Collector(word.substr(dot + 1), names, out).AddTablesOf(word.substr(0, dot), word.substr(dot + 1), {});
  } else if (command == "\\format") {
    for (const std::string_view format : {"table", "json", "csv", "ndjson"}) {
      if (SchemaNames::HasPrefix(format, word)) out->items.push_back({std::string(format), Category::kCommand});
    }
  }
}

// Behind `qualifier.`, or `ns.table.`
void CompleteQualified(std::span<const Token> before, const std::vector<Reference>& references, Collector* collector,
                       std::string_view word, const SchemaNames& names) {
  const std::string qualifier = NameOf(before[before.size() - 2]);
  const bool two = before.size() >= 4 && before[before.size() - 3].Is('.') && before[before.size() - 4].IsName();
  if (two) {
    if (const auto* table = names.Find(NameOf(before[before.size() - 4]), qualifier)) collector->AddColumns(*table);
    return;
  }
  for (const Reference& reference : references) {
    const bool meant = sql::EqualsIgnoreCase(reference.alias, qualifier) ||
                       (reference.alias.empty() && sql::EqualsIgnoreCase(reference.name, qualifier));
    const auto* table = meant ? names.Find(reference.ns, reference.name) : nullptr;
    if (table != nullptr) return collector->AddColumns(*table);
  }
  if (names.HasNamespace(qualifier)) return collector->AddTablesOf(qualifier, word, {});
  if (const auto* table = names.Find({}, qualifier)) collector->AddColumns(*table);
}

enum class Wanted { kKeywords, kTables, kColumns, kTypes };

Wanted WantedAfter(std::span<const Token> before) {
  if (before.empty()) return Wanted::kKeywords;
  const Token& last = before.back();
  const Keyword keyword = sql::KeywordOf(last);
  if (NamesTableNext(keyword)) return Wanted::kTables;
  if (last.IsOperator("::")) return Wanted::kTypes;
  const Keyword first = sql::KeywordOf(before.front());
  // `CREATE TABLE t (id |`, `ALTER TABLE t ADD COLUMN x |`
  if ((first == Keyword::kCreate || first == Keyword::kAlter) && before.size() >= 5 && last.IsName()) {
    const Token& earlier = before[before.size() - 2];
    if (earlier.Is('(') || earlier.Is(',') || sql::KeywordOf(earlier) == Keyword::kColumn) return Wanted::kTypes;
  }
  if (StartsExpressions(keyword)) return Wanted::kColumns;
  // Operators, commas and brackets go on with what there is: a list of tables, or expressions.
  if (last.kind != TokenKind::kSymbol || last.Is(')')) return Wanted::kKeywords;
  for (std::size_t i = before.size(); i-- > 0;) {
    const Keyword clause = sql::KeywordOf(before[i]);
    if (clause == Keyword::kFrom && last.Is(',')) return Wanted::kTables;
    if (clause == Keyword::kInto || NamesTableNext(clause) || StartsExpressions(clause)) return Wanted::kColumns;
  }
  return Wanted::kKeywords;
}

}  // namespace

Completions Complete(std::string_view text, std::size_t cursor, const SchemaNames& names) {
  Completions out;
  out.begin = out.end = cursor;
  if (text.starts_with('\\')) {
    CompleteCommand(text, cursor, names, &out);
    return out;
  }
  const Place place = FindPlace(text, cursor);
  if (place.in_literal) return out;
  out.begin = cursor - place.word.size();
  const std::span<const Token> before(place.tokens.data(), place.before);
  const std::vector<Reference> references = ReferencesIn(place.tokens);
  Collector collector(place.word, names, &out);
  if (before.size() >= 2 && before.back().Is('.') && before[before.size() - 2].IsName() &&
      before.back().end() == out.begin) {
    CompleteQualified(before, references, &collector, place.word, names);
    return out;
  }
  switch (WantedAfter(before)) {
    case Wanted::kTables:
      collector.AddTables();
      break;
    case Wanted::kTypes:
      collector.AddWords(OfferedTypes(), Category::kType);
      break;
    case Wanted::kColumns:
      for (const Reference& reference : references) {
        if (const auto* table = names.Find(reference.ns, reference.name)) collector.AddColumns(*table);
      }
      collector.AddWords(OfferedKeywords(), Category::kKeyword);
      break;
    case Wanted::kKeywords:
      collector.AddWords(OfferedKeywords(), Category::kKeyword);
      if (!place.word.empty()) collector.AddWords(OfferedTypes(), Category::kType);
      break;
  }
  return out;
}

}  // namespace kalam::cli
