#include "response_sink.h"
#include "statement_context.h"
#include "statement_resolver.h"

namespace kalam::exec {

Status RunSelect(duck::ParsedStatement statement, StatementContext& context) {
  KALAM_TRY_ASSIGN(auto snapshot, context.Snapshot());
  StatementResolver resolver(context.services, context.options.error_style, context.who, std::move(snapshot),
                             StatementResolver::DeletedRows::kOnRequest,
                             context.transaction.has_value() ? &*context.transaction : nullptr, context.sql);
  ResponseSink sink(context.response);
  KALAM_TRY(context.services.engine.Select(std::move(statement), context.query_context(resolver), sink));
  context.response.EndRows({.cache_hit = context.cache_hit});
  return {};
}

}  // namespace kalam::exec
