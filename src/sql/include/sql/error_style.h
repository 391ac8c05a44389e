#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

// The texts of specification 2.6 in their two styles, in one place.
namespace kalam::sql {

enum class ErrorStyle { kPostgres, kMySql };

// `relation` as the user should read it: `app.notes`, or the bare name for an unqualified one.
//   ERROR: relation 'app.notes' does not exist
//   ERROR 1146 (42S02): Table 'app.notes' doesn't exist
Error RelationDoesNotExist(ErrorStyle style, std::string_view relation);

//   ERROR: column 'c' does not exist
//   ERROR 1054 (42S22): Unknown column 'c' in 'field list'
Error ColumnDoesNotExist(ErrorStyle style, std::string_view column);

// `token` as written, shortened when very long; empty means the end of the text. `line` is 1-based.
//   ERROR: syntax error at or near 'TOKEN'          ERROR: syntax error at end of input
//   ERROR 1064 (42000): You have an error in your SQL syntax; check the manual for the right syntax to
//   use near 'TOKEN' at line 1
Error SyntaxErrorNear(ErrorStyle style, std::string_view token, int line);

//   ERROR: function 'f' does not exist
//   ERROR 1305 (42000): FUNCTION f does not exist
Error FunctionDoesNotExist(ErrorStyle style, std::string_view function);

//   ERROR: permission denied for WHAT               ERROR 1142 (42000): permission denied for WHAT
Error PermissionDenied(ErrorStyle style, std::string_view what);

// Any other failure, with its style's opening: `ERROR: MESSAGE` or `ERROR 1105 (HY000): MESSAGE`.
Error StyledError(ErrorStyle style, ErrorCode code, std::string_view message);

}  // namespace kalam::sql
