#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kalam::sql {

// Text behind PASSWORD and CREDENTIALS must not be sent back or logged.

// False for nearly every statement, and quick to say so.
bool MayHaveSecrets(std::string_view statement);

// The statement with such literals replaced by '***'. Works on statements that don't parse, too.
std::string RedactSecrets(std::string_view statement);

// Replaces in `text` (an error's message) whatever the statement's secret literals are.
std::string RedactSecretsOf(std::string_view statement, std::string text);

}  // namespace kalam::sql
