#include "change_encoder.h"

#include "wire/cell_json.h"

namespace kalam::live {

void AppendRow(std::string& out, const wire::ResultShape& shape, std::span<const duck::Cell> cells,
               bool int64_as_string) {
  out += '{';
  for (std::size_t i = 0; i < cells.size(); ++i) {
    out += shape.key(i);
    switch (cells[i].form) {
      case duck::Cell::Form::kDigits: wire::AppendDigits(out, cells[i].text, int64_as_string); break;
      case duck::Cell::Form::kJson: out += cells[i].text; break;
      default: wire::AppendCell(out, cells[i].datum, shape.type(i), int64_as_string);
    }
  }
  out += '}';
}

wire::ResultShape ShapeOf(const std::vector<duck::OutputColumn>& columns) {
  std::vector<wire::ResultColumn> shown;
  for (const auto& column : columns) shown.push_back({column.name, column.type});
  return wire::ResultShape(std::move(shown));
}

ChangeEncoder::ChangeEncoder(std::shared_ptr<const duck::RowProjection> projection, bool int64_as_string)
    : projection_(std::move(projection)),
      int64_as_string_(int64_as_string),
      shape_(ShapeOf(projection_->columns())) {}

void ChangeEncoder::Begin(const ChangeBatch& batch) {
  messages_.clear();
  rows_.resize(batch.version_count());
  for (std::string& row : rows_) row.clear();
}

Status ChangeEncoder::Prepare(ChangeBatch& batch, const std::vector<Transition>& transitions) {
  std::vector<std::uint32_t> wanted;
  const auto want = [&](std::uint32_t version) {
    if (!rows_[version].empty()) return;
    rows_[version] = "{";  // wanted already
    wanted.push_back(version);
  };
  for (const Transition& transition : transitions) {
    want(ChangeBatch::After(transition.change));
    if (transition.kind != wire::ChangeKind::kInsert) want(ChangeBatch::Before(transition.change));
  }
  if (projection_->plain_columns()) {
    std::vector<duck::Cell> cells(shape_.size());
    for (const std::uint32_t version : wanted) {
      const auto values = batch.cells(version);
      for (std::size_t i = 0; i < cells.size(); ++i) cells[i].datum = values[(*projection_->plain_columns())[i]];
      rows_[version].clear();
      AppendRow(rows_[version], shape_, cells, int64_as_string_);
    }
    return {};
  }
  class Sink final : public duck::RowSink {
   public:
    Sink(ChangeEncoder& encoder, const std::vector<std::uint32_t>& versions)
        : encoder_(encoder), versions_(versions) {}
    Status OnColumns(std::vector<duck::OutputColumn>) override { return {}; }
    Status OnRow(std::span<const duck::Cell> row) override {
      std::string& out = encoder_.rows_[versions_[next_++]];
      out.clear();
      AppendRow(out, encoder_.shape_, row, encoder_.int64_as_string_);
      return {};
    }

   private:
    ChangeEncoder& encoder_;
    const std::vector<std::uint32_t>& versions_;
    std::size_t next_ = 0;
  } sink(*this, wanted);
  if (!evaluator_) evaluator_ = std::make_unique<duck::RowProjection::Evaluator>(*projection_);
  const Status read = evaluator_->Read(batch.chunk(), wanted, sink);
  if (!read.ok()) {
    for (const std::uint32_t version : wanted) rows_[version].clear();
  }
  return read;
}

const net::FramePtr& ChangeEncoder::FrameOf(const ChangeBatch& batch, const Transition& transition,
                                            std::string_view id) {
  Message& message = messages_[transition.change * 4 + static_cast<std::uint32_t>(transition.kind)];
  if (message.last && message.last_id == id) return message.last;
  if (message.tail.empty()) {
    wire::AppendChangeTail(message.tail, transition.kind, batch.seq(transition.change),
                           rows_[ChangeBatch::After(transition.change)],
                           rows_[ChangeBatch::Before(transition.change)], int64_as_string_);
  }
  net::FramePtr& frame = message.frames[std::string(id)];
  if (!frame) {
    std::string buffer(net::Frame::kHeadroom, '\0');
    buffer.reserve(buffer.size() + id.size() + 48 + message.tail.size());
    wire::AppendChangeHead(buffer, id);
    buffer += message.tail;
    frame = net::Frame::TextInPlace(std::move(buffer));
  }
  message.last_id = id;
  message.last = frame;
  return message.last;
}

}  // namespace kalam::live
