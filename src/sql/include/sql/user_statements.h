#pragma once

#include <optional>
#include <string>

#include "sql/table_ref.h"

// Statements about users, their keys and their rights (specification 5.10, 4.6), as far as text alone allows: roles
// and ids are checked by whoever runs them.
namespace kalam::sql {

// CREATE USER [IF NOT EXISTS] name [ROLE r] [EMAIL 'e'] [METADATA '{json}'] [WITH PASSWORD 'p'], in any order,
// each with an optional `=`.
struct CreateUser {
  std::string name;
  bool if_not_exists = false;
  std::optional<std::string> role = {};
  std::optional<std::string> email = {};
  std::optional<std::string> metadata = {};
  std::optional<std::string> password = {};
};

// ALTER USER name SET {PASSWORD 'p' | ROLE r | EMAIL 'e' | METADATA '{json}'} [, ...]
struct AlterUser {
  std::string name;
  std::optional<std::string> role = {};
  std::optional<std::string> email = {};
  std::optional<std::string> metadata = {};
  std::optional<std::string> password = {};
};

struct DropUser {
  std::string name;
  bool if_exists = false;
};

// CREATE API KEY FOR 'user' [NAME 'n']
struct CreateApiKey {
  std::string user;
  std::optional<std::string> name = {};
};

// DROP API KEY 'id'
struct DropApiKey {
  std::string id;
};

// SHOW API KEYS [FOR 'user']
struct ShowApiKeys {
  std::optional<std::string> user = {};
};

// GRANT ACCESS ON [TABLE] ns.t TO 'user'; REVOKE ACCESS ON [TABLE] ns.t FROM 'user'
struct GrantAccess {
  TableRef table;
  std::string user;
};
struct RevokeAccess {
  TableRef table;
  std::string user;
};

}  // namespace kalam::sql
