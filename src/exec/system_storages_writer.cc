#include "system_storages_writer.h"

namespace kalam::exec {
namespace {

Error NotThisWay() {
  return Error(ErrorCode::kUnsupported, "ERROR: storages are made and changed by CREATE STORAGE and ALTER STORAGE");
}

class SystemStoragesWriter final : public SystemTableWriter {
 public:
  explicit SystemStoragesWriter(StatementContext& context) : context_(context) {}

  Status Insert(const SystemCells&) override { return NotThisWay(); }
  Result<bool> Update(const query::Row&, const SystemCells&) override { return NotThisWay(); }
  Result<bool> Delete(const query::Row& old) override {
    ids_.emplace_back(old[0].view().text());
    return true;
  }
  Status NotFound(std::string_view key) const override {
    return Error(ErrorCode::kNotFound, "Storage '" + std::string(key) + "' does not exist and cannot be dropped");
  }

  Status Apply() override {
    if (ids_.empty()) return {};
    if (ids_.size() > 1) {
      return Error(ErrorCode::kUnsupported,
                   "ERROR: DELETE FROM system.storages removes one storage at a time: WHERE storage_id = '...'");
    }
    const auto dropped = context_.services.catalog.DropStorage(ids_[0], false);
    return dropped.ok() ? Status() : dropped.error();
  }

 private:
  StatementContext& context_;
  std::vector<std::string> ids_;
};

}  // namespace

std::unique_ptr<SystemTableWriter> MakeSystemStoragesWriter(StatementContext& context) {
  return std::make_unique<SystemStoragesWriter>(context);
}

}  // namespace kalam::exec
