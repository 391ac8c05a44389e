#include "completion/schema_names.h"

#include "sql/lexer.h"

#include <algorithm>
#include <numeric>

namespace kalam::cli {

namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

bool LessIgnoringCase(std::string_view a, std::string_view b) {
  return std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return static_cast<unsigned char>(Lower(x)) < static_cast<unsigned char>(Lower(y));
  });
}

}  // namespace

SchemaNames::SchemaNames(std::vector<Table> tables) : tables_(std::move(tables)) {
  std::ranges::sort(tables_, [](const Table& a, const Table& b) {
    if (!sql::EqualsIgnoreCase(a.ns, b.ns)) return LessIgnoringCase(a.ns, b.ns);
    return LessIgnoringCase(a.name, b.name);
  });
  by_name_.resize(tables_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0u);
  std::ranges::stable_sort(by_name_, [&](std::uint32_t a, std::uint32_t b) {
    return LessIgnoringCase(tables_[a].name, tables_[b].name);
  });
  for (const Table& table : tables_) {
    if (namespaces_.empty() || namespaces_.back() != table.ns) namespaces_.push_back(table.ns);
  }
}

const SchemaNames::Table* SchemaNames::Find(std::string_view ns, std::string_view name) const {
  const Table* found = nullptr;
  const auto take = [&](const Table& table) {
    if (sql::EqualsIgnoreCase(table.name, name)) found = &table;
    return false;  // an equal name stands before those that it starts
  };
  if (ns.empty()) {
    TablesNamed(name, take);
  } else {
    TablesOf(ns, name, take);
  }
  return found;
}

bool SchemaNames::HasNamespace(std::string_view ns) const {
  return std::ranges::any_of(namespaces_, [&](const std::string& each) { return sql::EqualsIgnoreCase(each, ns); });
}

bool SchemaNames::HasPrefix(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && sql::EqualsIgnoreCase(text.substr(0, prefix.size()), prefix);
}

bool SchemaNames::Matches(const Table& table, std::string_view ns, std::string_view prefix) {
  return sql::EqualsIgnoreCase(table.ns, ns) && HasPrefix(table.name, prefix);
}

std::size_t SchemaNames::FirstOf(std::string_view ns, std::string_view prefix) const {
  const auto found = std::ranges::partition_point(tables_, [&](const Table& table) {
    if (!sql::EqualsIgnoreCase(table.ns, ns)) return LessIgnoringCase(table.ns, ns);
    return LessIgnoringCase(table.name, prefix);
  });
  return static_cast<std::size_t>(found - tables_.begin());
}

std::size_t SchemaNames::FirstNamed(std::string_view prefix) const {
  const auto found = std::ranges::partition_point(by_name_, [&](std::uint32_t place) {
    return LessIgnoringCase(tables_[place].name, prefix);
  });
  return static_cast<std::size_t>(found - by_name_.begin());
}

}  // namespace kalam::cli
