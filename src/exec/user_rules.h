#pragma once

#include "auth/identity.h"
#include "base/result.h"
#include "catalog/user.h"

#include <string_view>

// What a row of system.users may look like and who may make it so, whatever statement it comes
// from.
namespace kalam::exec {

// Ids, username, role name, metadata and storage mode. Errors: kInvalidArgument with the documented
// texts.
Status CheckUserId(std::string_view user_id);
Status CheckUsername(std::string_view username);
Status CheckMetadata(std::string_view metadata);
Status CheckStorageMode(std::string_view mode);

// `system` is the server itself: only it may make, change or unmake users of that role, or give
// them keys. Error: kPermissionDenied `Permission denied: role 'system' is reserved for internal
// use`.
Status CheckMayHandle(const auth::Identity& who, auth::Role role);

}  // namespace kalam::exec
