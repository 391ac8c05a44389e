#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kalam::cli {

// The names of a database at one moment, sorted for search by the start of a name. Immutable once built, so that
// threads may share it. Case does not matter to any search.
class SchemaNames {
 public:
  struct Table {
    std::string ns;
    std::string name;
    std::vector<std::string> columns;
  };

  SchemaNames() = default;
  explicit SchemaNames(std::vector<Table> tables);

  // Called for each match in order, until it returns false.
  template <typename Visit>
  void TablesOf(std::string_view ns, std::string_view prefix, const Visit& visit) const {
    for (std::size_t i = FirstOf(ns, prefix); i < tables_.size() && Matches(tables_[i], ns, prefix); ++i) {
      if (!visit(tables_[i])) return;
    }
  }
  // By the table's own name, of every namespace.
  template <typename Visit>
  void TablesNamed(std::string_view prefix, const Visit& visit) const {
    for (std::size_t i = FirstNamed(prefix); i < by_name_.size() && HasPrefix(tables_[by_name_[i]].name, prefix); ++i) {
      if (!visit(tables_[by_name_[i]])) return;
    }
  }
  template <typename Visit>
  void Namespaces(std::string_view prefix, const Visit& visit) const {
    for (const std::string& ns : namespaces_) {
      if (HasPrefix(ns, prefix) && !visit(ns)) return;
    }
  }
  // nullptr: there is none. An empty `ns` finds the first table of that name.
  const Table* Find(std::string_view ns, std::string_view name) const;
  bool HasNamespace(std::string_view ns) const;

  std::size_t size() const { return tables_.size(); }

  static bool HasPrefix(std::string_view text, std::string_view prefix);

 private:
  static bool Matches(const Table& table, std::string_view ns, std::string_view prefix);
  std::size_t FirstOf(std::string_view ns, std::string_view prefix) const;
  std::size_t FirstNamed(std::string_view prefix) const;

  std::vector<Table> tables_;          // by namespace and name
  std::vector<std::uint32_t> by_name_; // places in tables_, by name
  std::vector<std::string> namespaces_;
};

}  // namespace kalam::cli
