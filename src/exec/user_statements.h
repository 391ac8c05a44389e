#pragma once

#include "sql/user_statements.h"
#include "statement_context.h"

// Statements about users, API keys and grants.
namespace kalam::exec {

Status RunUserStatement(const sql::CreateUser& statement, StatementContext& context);
Status RunUserStatement(const sql::AlterUser& statement, StatementContext& context);
Status RunUserStatement(const sql::DropUser& statement, StatementContext& context);
Status RunUserStatement(const sql::CreateApiKey& statement, StatementContext& context);
Status RunUserStatement(const sql::DropApiKey& statement, StatementContext& context);
Status RunUserStatement(const sql::ShowApiKeys& statement, StatementContext& context);
Status RunUserStatement(const sql::GrantAccess& statement, StatementContext& context);
Status RunUserStatement(const sql::RevokeAccess& statement, StatementContext& context);

}  // namespace kalam::exec
