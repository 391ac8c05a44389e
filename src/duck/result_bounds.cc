#include "result_bounds.h"

#include <string>

namespace kalam::duck {
namespace {

using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::LogicalTypeId;
using duckdb::UnifiedVectorFormat;
using duckdb::Vector;

// A value of a type has a vector per field, however few its rows are.
constexpr std::size_t kMaxTypeFields = 4'096;

// Set once, before the engine runs its first query: function pointers can't capture.
SizeLimits g_limits{1'000'000, 64u << 20};

// Fields of a type, its own included; stops counting beyond the maximum.
std::size_t FieldsOf(const LogicalType& type, std::size_t room) {
  std::size_t fields = 1;
  const auto add = [&](const LogicalType& child) {
    if (fields <= room) fields += FieldsOf(child, room - fields + 1);
  };
  switch (type.id()) {
    case LogicalTypeId::STRUCT:
    case LogicalTypeId::UNION:
      for (const auto& child : duckdb::StructType::GetChildTypes(type)) add(child.second);
      break;
    case LogicalTypeId::LIST:
    case LogicalTypeId::MAP: add(duckdb::ListType::GetChildType(type)); break;
    case LogicalTypeId::ARRAY: add(duckdb::ArrayType::GetChildType(type)); break;
    default: break;
  }
  return fields;
}

template <typename T, typename Check>
void EachValid(Vector& vector, idx_t count, Check check) {
  UnifiedVectorFormat format;
  vector.ToUnifiedFormat(count, format);
  const auto* values = UnifiedVectorFormat::GetData<T>(format);
  for (idx_t row = 0; row < count; ++row) {
    const auto at = format.sel->get_index(row);
    if (format.validity.RowIsValid(at)) check(values[at]);
  }
}

void CheckSizes(Vector& vector, idx_t count) {
  switch (vector.GetType().InternalType()) {
    case duckdb::PhysicalType::VARCHAR:
      EachValid<duckdb::string_t>(vector, count, [](const duckdb::string_t& text) {
        if (text.GetSize() <= g_limits.max_string_bytes) return;
        throw duckdb::InvalidInputException("a text of %llu bytes is longer than limits.max_string_bytes (%llu)",
                                            static_cast<unsigned long long>(text.GetSize()),
                                            static_cast<unsigned long long>(g_limits.max_string_bytes));
      });
      return;
    case duckdb::PhysicalType::LIST: {
      EachValid<duckdb::list_entry_t>(vector, count, [](const duckdb::list_entry_t& list) {
        if (list.length <= g_limits.max_list_elements) return;
        throw duckdb::InvalidInputException("a list of %llu elements is longer than limits.max_list_elements (%llu)",
                                            static_cast<unsigned long long>(list.length),
                                            static_cast<unsigned long long>(g_limits.max_list_elements));
      });
      CheckSizes(duckdb::ListVector::GetEntry(vector), duckdb::ListVector::GetListSize(vector));
      return;
    }
    case duckdb::PhysicalType::STRUCT: {
      if (vector.GetVectorType() == duckdb::VectorType::DICTIONARY_VECTOR) vector.Flatten(count);
      const bool constant = vector.GetVectorType() == duckdb::VectorType::CONSTANT_VECTOR;
      for (auto& child : duckdb::StructVector::GetEntries(vector)) CheckSizes(*child, constant ? 1 : count);
      return;
    }
    case duckdb::PhysicalType::ARRAY:
      if (vector.GetVectorType() == duckdb::VectorType::DICTIONARY_VECTOR) vector.Flatten(count);
      CheckSizes(duckdb::ArrayVector::GetEntry(vector), duckdb::ArrayVector::GetTotalSize(vector));
      return;
    default: return;
  }
}

void Bounded(duckdb::DataChunk& args, duckdb::ExpressionState&, Vector& result) {
  CheckSizes(args.data[0], args.AllConstant() ? 1 : args.size());
  result.Reference(args.data[0]);
}

duckdb::unique_ptr<duckdb::FunctionData> Bind(duckdb::ClientContext&, duckdb::ScalarFunction& function,
                                              duckdb::vector<duckdb::unique_ptr<duckdb::Expression>>& arguments) {
  const LogicalType type = arguments[0]->return_type;
  if (type.id() == LogicalTypeId::UNKNOWN) throw duckdb::ParameterNotResolvedException();
  if (FieldsOf(type, kMaxTypeFields) > kMaxTypeFields) {
    throw duckdb::BinderException("a value may not have more than %llu fields",
                                  static_cast<unsigned long long>(kMaxTypeFields));
  }
  function.arguments[0] = type;
  function.return_type = type;
  return nullptr;
}

}  // namespace

void RegisterResultBounds(duckdb::ExtensionLoader& loader, const SizeLimits& limits) {
  g_limits = limits;
  duckdb::ScalarFunction function(std::string(kBoundedResult), {LogicalType::ANY}, LogicalType::ANY, Bounded, Bind);
  function.null_handling = duckdb::FunctionNullHandling::SPECIAL_HANDLING;
  loader.RegisterFunction(function);
}

}  // namespace kalam::duck
