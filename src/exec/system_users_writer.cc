#include "system_users_writer.h"

#include "sql/lexer.h"
#include "user_rules.h"

namespace kalam::exec {
namespace {

using catalog::User;
using catalog::UserPtr;

// Of system.users, in its order.
enum Column : std::size_t {
  kUserId,
  kUsername,
  kRole,
  kMetadata,
  kEmail,
  kStorageMode,
  kStorageId,
  kCreatedAt,
  kUpdatedAt,
  kDeletedAt
};

Error NotNull(std::string_view column) {
  return Error(ErrorCode::kConstraint,
               "NOT NULL violation: column '" + std::string(column) + "' cannot be null");
}

std::optional<std::string> OptionalText(const Value& value) {
  if (value.view().is_null()) return std::nullopt;
  return std::string(value.view().text());
}

class SystemUsersWriter final : public SystemTableWriter {
 public:
  explicit SystemUsersWriter(StatementContext& context)
      : context_(context), sees_deleted_(sql::MentionsWord(context.sql, "deleted_at")) {}

  Status Insert(const SystemCells& cells) override {
    User user;
    KALAM_TRY(SetText(cells[kUserId], "user_id", user.user_id));
    KALAM_TRY(SetText(cells[kUsername], "username", user.username));
    if (user.user_id.empty()) return RequiredOrEmpty(cells[kUserId], "user_id");
    if (user.username.empty()) return RequiredOrEmpty(cells[kUsername], "username");
    KALAM_TRY(CheckUserId(user.user_id));
    KALAM_TRY(SetProperties(cells, user));
    if (cells[kDeletedAt] && !cells[kDeletedAt]->view().is_null()) return ServerSets("deleted_at");
    puts_.push_back({.user = std::move(user), .expected = nullptr});
    return {};
  }

  Result<bool> Update(const query::Row& old, const SystemCells& cells) override {
    const UserPtr row = context_.services.catalog.FindUser(old[kUserId].view().text());
    if (!row || (row->deleted_at && !sees_deleted_)) return false;
    KALAM_TRY(CheckMayHandle(context_.who, row->role));
    User user = *row;
    if (cells[kUserId] &&
        (cells[kUserId]->view().is_null() || cells[kUserId]->view().text() != user.user_id)) {
      return Error(ErrorCode::kInvalidArgument, "column 'user_id' cannot be changed");
    }
    if (cells[kUsername]) {
      if (cells[kUsername]->view().is_null()) return NotNull("username");
      KALAM_TRY(SetText(cells[kUsername], "username", user.username));
    }
    KALAM_TRY(SetProperties(cells, user));
    if (cells[kDeletedAt]) {
      if (!cells[kDeletedAt]->view().is_null()) return ServerSets("deleted_at");
      user.deleted_at.reset();
    }
    user.updated_at = context_.now;
    puts_.push_back({.user = std::move(user), .expected = row});
    return true;
  }

  Result<bool> Delete(const query::Row& old) override {
    const UserPtr row = context_.services.catalog.FindUser(old[kUserId].view().text());
    if (!row || row->deleted_at) return false;
    KALAM_TRY(CheckMayHandle(context_.who, row->role));
    User user = *row;
    user.deleted_at = user.updated_at = context_.now;
    puts_.push_back({.user = std::move(user), .expected = row});
    return true;
  }

  Status NotFound(std::string_view key) const override {
    return Error(ErrorCode::kNotFound, "User with user_id '" + std::string(key) + "' not found");
  }

  Status Apply() override { return context_.services.catalog.PutUsers(puts_); }

 private:
  static Error ServerSets(std::string_view column) {
    return Error(ErrorCode::kInvalidArgument,
                 "column '" + std::string(column) + "' is set by the server");
  }
  static Error RequiredOrEmpty(const std::optional<Value>& cell, std::string_view column) {
    if (!cell || cell->view().is_null()) return NotNull(column);
    return Error(ErrorCode::kInvalidArgument, std::string(column) + " must not be empty");
  }
  static Status SetText(const std::optional<Value>& cell, std::string_view column,
                        std::string& out) {
    if (!cell || cell->view().is_null()) return {};
    out = cell->view().text();
    return column == "username" ? CheckUsername(out) : Status();
  }

  // What INSERT and UPDATE treat alike; only named columns are touched.
  Status SetProperties(const SystemCells& cells, User& user) const {
    if (cells[kRole] && !cells[kRole]->view().is_null()) {
      KALAM_TRY_ASSIGN(user.role, auth::ParseRole(cells[kRole]->view().text()));
    }
    KALAM_TRY(CheckMayHandle(context_.who, user.role));
    if (cells[kMetadata]) {
      user.metadata = OptionalText(*cells[kMetadata]);
      if (user.metadata) KALAM_TRY(CheckMetadata(*user.metadata));
    }
    if (cells[kEmail]) user.email = OptionalText(*cells[kEmail]);
    if (cells[kStorageMode] && !cells[kStorageMode]->view().is_null()) {
      user.storage_mode = cells[kStorageMode]->view().text();
      KALAM_TRY(CheckStorageMode(user.storage_mode));
    }
    if (cells[kStorageId]) {
      user.storage_id = OptionalText(*cells[kStorageId]);
      if (user.storage_id && !context_.services.catalog.FindStorage(*user.storage_id)) {
        return Error(ErrorCode::kNotFound, "Storage '" + *user.storage_id + "' does not exist in system.storages");
      }
    }
    if (cells[kCreatedAt]) return ServerSets("created_at");
    if (cells[kUpdatedAt]) return ServerSets("updated_at");
    return {};
  }

  StatementContext& context_;
  const bool sees_deleted_;
  std::vector<catalog::UserPut> puts_;
};

}  // namespace

std::unique_ptr<SystemTableWriter> MakeSystemUsersWriter(StatementContext& context) {
  return std::make_unique<SystemUsersWriter>(context);
}

}  // namespace kalam::exec
