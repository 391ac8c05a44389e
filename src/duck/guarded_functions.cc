#include "guarded_functions.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/scalar_function_catalog_entry.hpp>

namespace kalam::duck {
namespace {

using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::Vector;

// How a result's size, or the work for it, follows from the sizes of the arguments.
enum class Growth {
  kSum,      // of all texts, or of all lists
  kProduct,  // of the first text and the longest other: each hit replaced
  kWork,     // the same product, but as steps: a table of both
  kMap,      // keys and values; each key is looked up among all the others [8 us each among a million]
};

struct Guard {
  const char* name;
  Growth growth;
  std::uint64_t factor = 1;  // bytes or steps made of each
};

constexpr Guard kGuards[] = {
    {"||", Growth::kSum},
    {"concat", Growth::kSum},
    {"concat_ws", Growth::kSum, 4},
    {"list_concat", Growth::kSum},
    {"list_cat", Growth::kSum},
    {"array_concat", Growth::kSum},
    {"array_cat", Growth::kSum},
    {"hex", Growth::kSum, 2},
    {"to_hex", Growth::kSum, 2},
    {"bin", Growth::kSum, 8},
    {"to_binary", Growth::kSum, 8},
    {"url_encode", Growth::kSum, 3},
    {"base64", Growth::kSum, 2},
    {"to_base64", Growth::kSum, 2},
    {"json_quote", Growth::kSum, 6},
    {"to_json", Growth::kSum, 6},
    {"regexp_escape", Growth::kSum, 4},
    {"translate", Growth::kSum, 4},
    {"string_split", Growth::kSum, 16},  // each character can become an entry of 16 bytes
    {"str_split", Growth::kSum, 16},
    {"split", Growth::kSum, 16},
    {"string_to_array", Growth::kSum, 16},
    {"string_split_regex", Growth::kSum, 16},
    {"str_split_regex", Growth::kSum, 16},
    {"regexp_split_to_array", Growth::kSum, 16},
    {"regexp_extract_all", Growth::kSum, 16},
    {"regexp_replace", Growth::kProduct},
    {"levenshtein", Growth::kWork},
    {"editdist3", Growth::kWork},
    {"damerau_levenshtein", Growth::kWork, 16},  // it keeps a table of both
    {"jaro_similarity", Growth::kWork},
    {"jaro_winkler_similarity", Growth::kWork},
    {"map", Growth::kMap},
    {"map_from_entries", Growth::kMap},
};

// About two seconds of the edit distances.
constexpr std::uint64_t kMaxSteps = 1'000'000'000;
// A map may have this part of the elements of a list, keys and values together.
constexpr std::uint64_t kMapPart = 5;
// One vector has up to 2,048 rows; together they may make this many of the largest texts.
constexpr std::uint64_t kLargestTexts = 8;

// Sizes of one row's arguments: bytes of texts, elements of lists.
struct RowSizes {
  std::uint64_t texts = 0;
  std::uint64_t first_text = 0;
  std::uint64_t longest_other = 0;
  std::uint64_t elements = 0;
};

class ArgumentSizes {
 public:
  explicit ArgumentSizes(DataChunk& args) : formats_(args.ColumnCount()) {
    for (std::size_t i = 0; i < formats_.size(); ++i) {
      args.data[i].ToUnifiedFormat(args.size(), formats_[i]);
      types_.push_back(args.data[i].GetType().InternalType());
    }
  }

  RowSizes Of(std::size_t row) const {
    RowSizes sizes;
    bool first = true;
    for (std::size_t i = 0; i < formats_.size(); ++i) {
      const auto at = formats_[i].sel->get_index(row);
      if (!formats_[i].validity.RowIsValid(at)) continue;
      if (types_[i] == duckdb::PhysicalType::VARCHAR) {
        const std::uint64_t bytes =
            duckdb::UnifiedVectorFormat::GetData<duckdb::string_t>(formats_[i])[at].GetSize();
        std::uint64_t& place = first ? sizes.first_text : sizes.longest_other;
        place = std::max(place, bytes);
        first = false;
        sizes.texts += bytes;
      } else if (types_[i] == duckdb::PhysicalType::LIST) {
        sizes.elements += duckdb::UnifiedVectorFormat::GetData<duckdb::list_entry_t>(formats_[i])[at].length;
      }
    }
    return sizes;
  }

 private:
  std::vector<duckdb::UnifiedVectorFormat> formats_;
  std::vector<duckdb::PhysicalType> types_;
};

[[noreturn]] void Refuse(const Guard& guard, const char* what, const char* key, std::uint64_t limit) {
  throw duckdb::InvalidInputException("%s would make %s; limits.%s is %llu", guard.name, what, key,
                                      static_cast<unsigned long long>(limit));
}

void Check(const Guard& guard, const SizeLimits& limits, DataChunk& args) {
  const ArgumentSizes arguments(args);
  const std::size_t rows = args.AllConstant() ? std::min<std::size_t>(args.size(), 1) : args.size();
  std::uint64_t all_bytes = 0;
  std::uint64_t all_elements = 0;
  std::uint64_t all_steps = 0;
  for (std::size_t row = 0; row < rows; ++row) {
    const RowSizes sizes = arguments.Of(row);
    if (guard.growth == Growth::kWork) {
      all_steps += sizes.first_text * sizes.longest_other * guard.factor;
      if (all_steps > kMaxSteps) {
        throw duckdb::InvalidInputException("%s of texts this long would take too many steps (limit: %llu)", guard.name,
                                            static_cast<unsigned long long>(kMaxSteps));
      }
      continue;
    }
    const bool product = guard.growth == Growth::kProduct;
    const std::uint64_t bytes =
        product ? (sizes.first_text + 1) * (sizes.longest_other + 1) : sizes.texts * guard.factor;
    all_bytes += bytes;
    all_elements += sizes.elements;
    // The worst case of a replacement is far from the usual one.
    const std::uint64_t most = limits.max_string_bytes * (product ? kLargestTexts : 1);
    if (bytes > most && sizes.texts > 4096) {
      Refuse(guard, "a text that is too large", "max_string_bytes", limits.max_string_bytes);
    }
    if (all_bytes > limits.max_string_bytes * kLargestTexts * (product ? kLargestTexts : 1)) {
      Refuse(guard, "too many large texts at once", "max_string_bytes", limits.max_string_bytes);
    }
    if (guard.growth == Growth::kMap && sizes.elements > limits.max_list_elements / kMapPart) {
      Refuse(guard, "a map with too many keys (a fifth)", "max_list_elements", limits.max_list_elements);
    }
    if (sizes.elements > limits.max_list_elements) {
      Refuse(guard, "a list with too many elements", "max_list_elements", limits.max_list_elements);
    }
    if (all_elements > limits.max_list_elements * kLargestTexts) {
      Refuse(guard, "too many long lists at once", "max_list_elements", limits.max_list_elements);
    }
  }
}

}  // namespace

void GuardFunctions(duckdb::DatabaseInstance& database, const SizeLimits& limits) {
  duckdb::Connection connection(database);
  connection.BeginTransaction();
  auto& catalog = duckdb::Catalog::GetSystemCatalog(database);
  for (const Guard& guard : kGuards) {
    auto entry = catalog.GetEntry<duckdb::ScalarFunctionCatalogEntry>(
        *connection.context, DEFAULT_SCHEMA, guard.name, duckdb::OnEntryNotFound::RETURN_NULL);
    if (!entry) continue;  // an alias that this version does not have
    for (auto& function : entry->functions.functions) {
      if (!function.function) continue;
      function.function = [original = function.function, guard, limits](DataChunk& args, ExpressionState& state,
                                                                        Vector& result) {
        Check(guard, limits, args);
        original(args, state, result);
      };
    }
  }
  connection.Commit();
}

}  // namespace kalam::duck
