#include "id_functions.h"

#include "base/memory_budget.h"
#include "model/generated_ids.h"
#include "query_scope.h"

namespace kalam::duck {
namespace {

using duckdb::DataChunk;
using duckdb::ExpressionState;
using duckdb::LogicalType;
using duckdb::Vector;

const QueryContext& ContextOf(ExpressionState& state) {
  const auto* query = QueryScope::Of(state.GetContext()).query;
  if (query == nullptr) throw duckdb::InternalException("id function outside a query");
  return *query;
}

void SnowflakeId(DataChunk& args, ExpressionState& state, Vector& result) {
  const QueryContext& query = ContextOf(state);
  const MemoryBudget::Pause pause;  // the generator is no part of the engine
  const auto count = static_cast<std::uint32_t>(args.size());
  const auto first = query.reserve_ids(count);
  if (!first.ok()) throw duckdb::InvalidInputException("%s", first.error().message());
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto* ids = duckdb::FlatVector::GetData<std::int64_t>(result);
  for (std::uint32_t i = 0; i < count; ++i) {
    ids[i] = static_cast<std::int64_t>(query.advance_id(*first, i).value());
  }
}

template <std::string (*Make)(TimestampMicros)>
void TextId(DataChunk& args, ExpressionState& state, Vector& result) {
  const TimestampMicros now = ContextOf(state).now;
  result.SetVectorType(duckdb::VectorType::FLAT_VECTOR);
  auto* ids = duckdb::FlatVector::GetData<duckdb::string_t>(result);
  for (duckdb::idx_t i = 0; i < args.size(); ++i) {
    ids[i] = duckdb::StringVector::AddString(result, Make(now));
  }
}

void Register(duckdb::ExtensionLoader& loader, const char* name, LogicalType type,
              duckdb::scalar_function_t run) {
  duckdb::ScalarFunction function(name, {}, std::move(type), std::move(run));
  function.stability = duckdb::FunctionStability::VOLATILE;
  loader.RegisterFunction(function);
}

}  // namespace

void RegisterIdFunctions(duckdb::ExtensionLoader& loader) {
  Register(loader, "snowflake_id", LogicalType::BIGINT, SnowflakeId);
  Register(loader, "uuid_v7", LogicalType::VARCHAR, TextId<MakeUuidV7>);
  Register(loader, "ulid", LogicalType::VARCHAR, TextId<MakeUlid>);
}

}  // namespace kalam::duck
