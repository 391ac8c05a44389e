#pragma once

#include "system_dml.h"

#include <memory>

namespace kalam::exec {

// DELETE FROM system.storages, with the rules of DROP STORAGE: one storage at a time.
std::unique_ptr<SystemTableWriter> MakeSystemStoragesWriter(StatementContext& context);

}  // namespace kalam::exec
