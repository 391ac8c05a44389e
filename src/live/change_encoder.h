#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "change_batch.h"
#include "duck/row_query.h"
#include "net/websocket_frame.h"
#include "wire/live_messages.h"
#include "wire/result_shape.h"

namespace kalam::live {

// How a change looks to one result set.
struct Transition {
  std::uint32_t change;
  wire::ChangeKind kind;
};

// Appends one row of a result as a JSON object.
void AppendRow(std::string& out, const wire::ResultShape& shape, std::span<const duck::Cell> cells,
               bool int64_as_string);
wire::ResultShape ShapeOf(const std::vector<duck::OutputColumn>& columns);

// Writes the changes of one batch as one SELECT list shows them: each row once, each message once, each frame
// once for all receivers that call the subscription by the same name. Not thread-safe.
class ChangeEncoder {
 public:
  ChangeEncoder(std::shared_ptr<const duck::RowProjection> projection, bool int64_as_string);

  // Its rows are columns as they are; otherwise the engine evaluates them.
  bool is_plain() const { return projection_->plain_columns().has_value(); }

  // Forgets what it wrote of the batch before.
  void Begin(const ChangeBatch& batch);
  // Makes the rows that these transitions show. Errors: those of the SELECT list's expressions.
  Status Prepare(ChangeBatch& batch, const std::vector<Transition>& transitions);
  // Of a prepared transition.
  const net::FramePtr& FrameOf(const ChangeBatch& batch, const Transition& transition, std::string_view id);

 private:
  struct Message {
    std::string tail;
    // The last one asked for, then the others.
    std::string last_id;
    net::FramePtr last;
    std::unordered_map<std::string, net::FramePtr> frames;
  };

  const std::shared_ptr<const duck::RowProjection> projection_;
  const bool int64_as_string_;
  const wire::ResultShape shape_;
  std::unique_ptr<duck::RowProjection::Evaluator> evaluator_;  // made when first needed
  std::vector<std::string> rows_;                              // by version; empty: not made yet
  std::unordered_map<std::uint32_t, Message> messages_;        // by change and kind
};

}  // namespace kalam::live
