#include "bounded_functions.h"

#include <optional>
#include <string>

namespace kalam::duck {
namespace {

using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::LogicalType;
using duckdb::string_t;
using duckdb::Vector;

// Set once, before the engine runs its first query: function pointers can't capture.
SizeLimits g_limits{1'000'000, 64u << 20};

// What is left of the thread's budget; nullopt: it has none.
thread_local std::optional<std::uint64_t> t_made_bytes_left;

void Charge(const char* function, std::uint64_t bytes) {
  if (!t_made_bytes_left) return;
  if (bytes > *t_made_bytes_left) {
    throw duckdb::InvalidInputException("%s makes more text than may be evaluated row by row", function);
  }
  *t_made_bytes_left -= bytes;
}

void CheckStringBytes(const char* function, std::uint64_t bytes) {
  if (bytes > g_limits.max_string_bytes) {
    throw duckdb::InvalidInputException(
        "%s would make a text of %llu bytes; limits.max_string_bytes is %llu", function,
        static_cast<unsigned long long>(bytes), static_cast<unsigned long long>(g_limits.max_string_bytes));
  }
}

// What one vector of rows may make together: each value is bounded, but there are up to 2,048 of them, and
// no memory limit of the engine sees them before the vector is done.
class VectorBudget {
 public:
  explicit VectorBudget(const char* function) : function_(function) {}

  // For one more text of `bytes`.
  void Take(std::uint64_t bytes) {
    CheckStringBytes(function_, bytes);
    Charge(function_, bytes);
    made_ += bytes;
    if (made_ > 8 * std::uint64_t{g_limits.max_string_bytes}) {
      throw duckdb::InvalidInputException("%s would make too many large texts at once; limits.max_string_bytes is %llu",
                                          function_, static_cast<unsigned long long>(g_limits.max_string_bytes));
    }
  }

 private:
  const char* function_;
  std::uint64_t made_ = 0;
};

void CheckElements(const char* function, std::uint64_t elements) {
  if (elements > g_limits.max_list_elements) {
    throw duckdb::InvalidInputException(
        "%s would make %llu elements; limits.max_list_elements is %llu", function,
        static_cast<unsigned long long>(elements),
        static_cast<unsigned long long>(g_limits.max_list_elements));
  }
}

void Repeat(DataChunk& args, ExpressionState&, Vector& result) {
  VectorBudget budget("repeat");
  duckdb::BinaryExecutor::Execute<string_t, std::int64_t, string_t>(
      args.data[0], args.data[1], result, args.size(), [&](string_t text, std::int64_t times) {
        const std::uint64_t count = times > 0 ? static_cast<std::uint64_t>(times) : 0;
        if (text.GetSize() == 0 || count == 0) return string_t("", 0);
        // The count alone first: the product of both could wrap around.
        CheckStringBytes("repeat", count);
        budget.Take(count * text.GetSize());
        string_t target = duckdb::StringVector::EmptyString(result, count * text.GetSize());
        char* out = target.GetDataWriteable();
        for (std::uint64_t i = 0; i < count; ++i, out += text.GetSize()) {
          std::memcpy(out, text.GetData(), text.GetSize());
        }
        target.Finalize();
        return target;
      });
}

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Bytes of the first `characters` code points.
std::size_t PrefixBytes(std::string_view text, std::size_t characters) {
  std::size_t at = 0;
  while (characters > 0 && at < text.size()) {
    ++at;
    while (at < text.size() && IsContinuation(text[at])) ++at;
    --characters;
  }
  return at;
}

std::size_t CountCharacters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += IsContinuation(c) ? 0 : 1;
  return count;
}

// The pad text repeated to exactly `characters` code points.
std::string Padding(std::string_view pad, std::size_t characters) {
  std::string out;
  const std::size_t pad_characters = CountCharacters(pad);
  for (; characters >= pad_characters; characters -= pad_characters) out += pad;
  out += pad.substr(0, PrefixBytes(pad, characters));
  return out;
}

enum class PadSide { kLeft, kRight };

template <PadSide side>
void Pad(DataChunk& args, ExpressionState&, Vector& result) {
  const char* name = side == PadSide::kLeft ? "lpad" : "rpad";
  VectorBudget budget(name);
  duckdb::TernaryExecutor::Execute<string_t, std::int32_t, string_t, string_t>(
      args.data[0], args.data[1], args.data[2], result, args.size(),
      [&](string_t text_value, std::int32_t length, string_t pad_value) {
        const std::string_view text(text_value.GetData(), text_value.GetSize());
        const std::string_view pad(pad_value.GetData(), pad_value.GetSize());
        const std::size_t wanted = length > 0 ? static_cast<std::size_t>(length) : 0;
        const std::size_t have = CountCharacters(text);
        if (have >= wanted) {
          return duckdb::StringVector::AddString(result, text.data(), PrefixBytes(text, wanted));
        }
        if (pad.empty()) throw duckdb::InvalidInputException("Insufficient padding in %s", name);
        budget.Take(text.size() + std::uint64_t{wanted - have} * 4);
        const std::string padding = Padding(pad, wanted - have);
        std::string out;
        out.reserve(text.size() + padding.size());
        if constexpr (side == PadSide::kLeft) out += padding;
        out += text;
        if constexpr (side == PadSide::kRight) out += padding;
        return duckdb::StringVector::AddString(result, out);
      });
}

void Replace(DataChunk& args, ExpressionState&, Vector& result) {
  VectorBudget budget("replace");
  duckdb::TernaryExecutor::Execute<string_t, string_t, string_t, string_t>(
      args.data[0], args.data[1], args.data[2], result, args.size(),
      [&](string_t text_value, string_t from_value, string_t to_value) {
        const std::string_view text(text_value.GetData(), text_value.GetSize());
        const std::string_view from(from_value.GetData(), from_value.GetSize());
        const std::string_view to(to_value.GetData(), to_value.GetSize());
        std::string out;
        std::size_t at = 0;
        for (std::size_t hit; !from.empty() && (hit = text.find(from, at)) != std::string_view::npos;
             at = hit + from.size()) {
          CheckStringBytes("replace", out.size() + (hit - at) + to.size());
          out.append(text, at, hit - at).append(to);
        }
        out.append(text, at, text.size() - at);
        budget.Take(out.size());
        return duckdb::StringVector::AddString(result, out);
      });
}

struct Series {
  std::int64_t start, stop, step;

  // Elements from start towards stop; 128 bits, so that no difference overflows.
  std::uint64_t Count(bool inclusive) const {
    if (step == 0) return 0;
    const __int128 span = static_cast<__int128>(stop) - start;
    if ((span > 0) != (step > 0) && span != 0) return 0;
    const __int128 whole = span / step;
    const bool exact = span % step == 0;
    const __int128 count = inclusive || !exact ? whole + 1 : whole;
    return count > UINT64_MAX ? UINT64_MAX : static_cast<std::uint64_t>(count);
  }
};

template <bool inclusive>
void Range(DataChunk& args, ExpressionState&, Vector& result) {
  const char* name = inclusive ? "generate_series" : "range";
  const duckdb::idx_t count = args.size();
  std::vector<duckdb::UnifiedVectorFormat> inputs(args.ColumnCount());
  for (std::size_t i = 0; i < inputs.size(); ++i) args.data[i].ToUnifiedFormat(count, inputs[i]);

  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto* lists = duckdb::FlatVector::GetData<duckdb::list_entry_t>(result);
  std::uint64_t total = 0;
  for (duckdb::idx_t row = 0; row < count; ++row) {
    std::int64_t values[3] = {0, 0, 1};
    bool null = false;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const auto at = inputs[i].sel->get_index(row);
      null = null || !inputs[i].validity.RowIsValid(at);
      // range(stop) has its only argument in the middle.
      values[inputs.size() == 1 ? 1 : i] =
          null ? 0 : duckdb::UnifiedVectorFormat::GetData<std::int64_t>(inputs[i])[at];
    }
    lists[row] = {total, 0};
    if (null) {
      duckdb::FlatVector::SetNull(result, row, true);
      continue;
    }
    const Series series{values[0], values[1], values[2]};
    const std::uint64_t elements = series.Count(inclusive);
    CheckElements(name, elements);
    Charge(name, elements * sizeof(std::int64_t));
    CheckElements(name, total + elements);  // of one vector of rows
    duckdb::ListVector::Reserve(result, total + elements);
    auto* data = duckdb::FlatVector::GetData<std::int64_t>(duckdb::ListVector::GetEntry(result));
    for (std::uint64_t i = 0; i < elements; ++i) {
      data[total + i] = static_cast<std::int64_t>(series.start + static_cast<__int128>(i) * series.step);
    }
    lists[row].length = elements;
    total += elements;
  }
  duckdb::ListVector::SetListSize(result, total);
  if (args.AllConstant()) result.SetVectorType(duckdb::VectorType::CONSTANT_VECTOR);
}

template <bool inclusive>
duckdb::ScalarFunctionSet RangeSet(std::string_view name) {
  duckdb::ScalarFunctionSet set{std::string(name)};
  for (std::size_t arguments = 1; arguments <= 3; ++arguments) {
    duckdb::ScalarFunction function(duckdb::vector<LogicalType>(arguments, LogicalType::BIGINT),
                                    LogicalType::LIST(LogicalType::BIGINT), Range<inclusive>);
    function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
    // So that the optimizer does not fold what is made of it: as constants a million elements take seconds and 64 bytes
    // each.
    function.stability = duckdb::FunctionStability::VOLATILE;
    set.AddFunction(function);
  }
  return set;
}

}  // namespace

MadeBytesBudget::MadeBytesBudget(std::uint64_t bytes) { t_made_bytes_left = bytes; }
MadeBytesBudget::~MadeBytesBudget() { t_made_bytes_left.reset(); }

void RegisterBoundedFunctions(duckdb::ExtensionLoader& loader, const SizeLimits& limits) {
  g_limits = limits;
  const LogicalType text = LogicalType::VARCHAR;
  loader.RegisterFunction(
      duckdb::ScalarFunction(std::string(kBoundedRepeat), {text, LogicalType::BIGINT}, text, Repeat));
  loader.RegisterFunction(duckdb::ScalarFunction(std::string(kBoundedLpad), {text, LogicalType::INTEGER, text},
                                                 text, Pad<PadSide::kLeft>));
  loader.RegisterFunction(duckdb::ScalarFunction(std::string(kBoundedRpad), {text, LogicalType::INTEGER, text},
                                                 text, Pad<PadSide::kRight>));
  loader.RegisterFunction(
      duckdb::ScalarFunction(std::string(kBoundedReplace), {text, text, text}, text, Replace));
  loader.RegisterFunction(RangeSet<false>(kBoundedRange));
  loader.RegisterFunction(RangeSet<true>(kBoundedGenerateSeries));
}

}  // namespace kalam::duck
