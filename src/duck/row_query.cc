#include "duck/row_query.h"

#include "bounded_functions.h"
#include "datum_vector.h"
#include "duck_error.h"
#include "result_reader.h"
#include "row_binder.h"
#include "types.h"

namespace kalam::duck {
namespace {

using duckdb::SelectionVector;

// What the functions that make texts and lists may make for one call, over all its rows.
constexpr std::uint64_t kMaxMadeBytes = std::uint64_t{128} << 20;

SelectionVector AsSelection(std::span<const std::uint32_t> rows) {
  SelectionVector selection(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) selection.set_index(i, rows[i]);
  return selection;
}

}  // namespace

// --- RowChunk

struct RowChunk::Impl {
  std::vector<DataType> types;
  duckdb::DataChunk data;
};

std::vector<DataType> RowChunk::TypesOf(const ScanSource& source) {
  std::vector<DataType> types;
  for (const auto& column : source.columns()) types.push_back(column.type);
  for (const auto& column : source.hidden_columns()) types.push_back(column.type);
  types.push_back(DataType::kTimestamp);
  return types;
}

RowChunk::RowChunk(std::vector<DataType> types) : impl_(std::make_unique<Impl>()) {
  impl_->types = std::move(types);
  duckdb::vector<duckdb::LogicalType> engine_types;
  for (const DataType type : impl_->types) engine_types.push_back(ToLogicalType(type));
  impl_->data.Initialize(duckdb::Allocator::DefaultAllocator(), engine_types, kMaxRows);
}

RowChunk::~RowChunk() = default;
RowChunk::RowChunk(RowChunk&&) noexcept = default;
RowChunk& RowChunk::operator=(RowChunk&&) noexcept = default;

void RowChunk::Clear() {
  impl_->data.Reset();
  size_ = 0;
}

void RowChunk::Append(std::span<const Datum> cells) {
  KALAM_CHECK(cells.size() == impl_->types.size() && !full(), "a row chunk's shape");
  for (std::size_t i = 0; i < cells.size(); ++i) WriteDatum(impl_->data.data[i], size_, impl_->types[i], cells[i]);
  impl_->data.SetCardinality(++size_);
}

// --- RowPredicate

RowPredicate::RowPredicate(RowPredicate&&) noexcept = default;
RowPredicate& RowPredicate::operator=(RowPredicate&&) noexcept = default;
RowPredicate::~RowPredicate() = default;

struct RowPredicate::Evaluator::Impl {
  explicit Impl(const Rest& from)
      : rest(from), executor(from.context->engine(), *from.expression), selected(RowChunk::kMaxRows) {}
  const Rest& rest;
  duckdb::ExpressionExecutor executor;
  SelectionVector selected;
};

RowPredicate::Evaluator::Evaluator(const RowPredicate& predicate) {
  if (predicate.rest_) impl_ = std::make_unique<Impl>(*predicate.rest_);
}
RowPredicate::Evaluator::~Evaluator() = default;
RowPredicate::Evaluator::Evaluator(Evaluator&&) noexcept = default;

Status RowPredicate::Evaluator::Select(const RowChunk& chunk, std::span<const std::uint32_t> rows,
                                       std::vector<std::uint32_t>& matching) {
  matching.clear();
  if (!impl_) {
    matching.assign(rows.begin(), rows.end());
    return {};
  }
  if (rows.empty()) return {};
  try {
    const MadeBytesBudget budget(kMaxMadeBytes);
    SelectionVector from = AsSelection(rows);
    const auto count =
        impl_->executor.SelectExpression(chunk.impl_->data, impl_->selected, &from, rows.size());
    for (duckdb::idx_t i = 0; i < count; ++i) {
      matching.push_back(static_cast<std::uint32_t>(impl_->selected.get_index(i)));
    }
    return {};
  } catch (const std::exception& e) {
    return ToError(e, impl_->rest.context->texts(), {});
  }
}

// --- RowProjection

RowProjection::RowProjection() = default;
RowProjection::RowProjection(RowProjection&&) noexcept = default;
RowProjection& RowProjection::operator=(RowProjection&&) noexcept = default;
RowProjection::~RowProjection() = default;

struct RowProjection::Evaluator::Impl {
  explicit Impl(const List& from) : list(from), executor(from.context->engine(), from.expressions) {
    output.Initialize(duckdb::Allocator::DefaultAllocator(), from.types, RowChunk::kMaxRows);
  }
  const List& list;
  duckdb::ExpressionExecutor executor;
  duckdb::DataChunk output;
};

RowProjection::Evaluator::Evaluator(const RowProjection& projection)
    : impl_(std::make_unique<Impl>(*projection.list_)) {}
RowProjection::Evaluator::~Evaluator() = default;
RowProjection::Evaluator::Evaluator(Evaluator&&) noexcept = default;

Status RowProjection::Evaluator::Read(const RowChunk& chunk, std::span<const std::uint32_t> rows, RowSink& sink) {
  if (rows.empty()) return {};
  try {
    const MadeBytesBudget budget(kMaxMadeBytes);
    duckdb::DataChunk input;
    input.InitializeEmpty(chunk.impl_->data.GetTypes());
    input.Reference(chunk.impl_->data);
    const SelectionVector wanted = AsSelection(rows);
    input.Slice(wanted, rows.size());
    impl_->output.Reset();
    impl_->executor.Execute(input, impl_->output);
    return ResultReader(impl_->list.types).Read(impl_->output, sink);
  } catch (const std::exception& e) {
    return ToError(e, impl_->list.context->texts(), {});
  }
}

}  // namespace kalam::duck
