#include "pg_workload.h"

#include "rows.h"

#include <array>
#include <chrono>
#include <cstdlib>

#include <fmt/format.h>

namespace kalam::bench {
namespace {

constexpr std::string_view kColumns = "id, room, sender, body, ts";
constexpr int kBodyColumn = 3;

std::string IdText(std::uint64_t id) {
  std::string text(kIdDigits, '0');
  WriteId(id, text.data());
  return text;
}

// Microseconds from PostgreSQL's epoch to the `ts` of row `id` (rows.h).
std::uint64_t Timestamp(std::uint64_t id) {
  using namespace std::chrono;
  constexpr auto kTen = sys_days{2025y / October / 20} + 10h - sys_days{2000y / January / 1};
  return static_cast<std::uint64_t>(
      microseconds(kTen + seconds(id % 1000 % 60) + milliseconds(id % 1000)).count());
}

// The five fields of row `id` as parameters: what Rows spells as text.
void AddRow(std::uint64_t id, Parameters* parameters) {
  struct Names {
    std::string room, sender;
  };
  static const auto names = [] {
    std::array<Names, 1000> made;
    for (std::size_t k = 0; k < made.size(); ++k) {
      made[k] = {.room = fmt::format("room-{:02}", k % 100),
                 .sender = fmt::format("user-{:03}", k)};
    }
    return made;
  }();
  const Names& name = names[id % 1000];
  std::array<char, kIdDigits> digits;
  WriteId(id, digits.data());
  parameters->AddInteger(id);
  parameters->AddText(name.room);
  parameters->AddText(name.sender);
  parameters->AddText({digits.data(), digits.size()}, BodyTail(id));
  parameters->AddInteger(Timestamp(id));
}

std::string_view NotAffected(PGresult* result, std::uint64_t rows) {
  return std::strtoull(PQcmdTuples(result), nullptr, 10) == rows
             ? ""
             : "not the number of rows sent was affected";
}

bool IsRow(const PGresult* result, int row, std::uint64_t id) {
  const std::string_view body = TextAt(result, row, kBodyColumn);
  return IntegerAt(result, row, 0) == id && body.substr(0, kIdDigits) == IdText(id) &&
         body.substr(kIdDigits) == BodyTail(id);
}

// INSERT of `batch` rows with consecutive ids: prepared with parameters, or as text.
class Insert final : public PgWorkload {
 public:
  Insert(const WorkloadOptions& options, std::uint64_t batch, bool as_text)
      : batch_(batch),
        opening_(fmt::format("INSERT INTO {} ({}) VALUES ", options.table, kColumns)),
        as_text_(as_text),
        end_id_(options.rows == 0 ? kLastId : options.first_id + options.rows),
        next_id_(options.first_id) {}

  std::string prepared() const override {
    if (as_text_) return {};
    std::string text = opening_;
    for (std::uint64_t row = 0; row < batch_; ++row) {
      const std::uint64_t p = row * 5;
      text += fmt::format("{}(${}, ${}, ${}, ${}, ${})", row == 0 ? "" : ", ", p + 1, p + 2, p + 3,
                          p + 4, p + 5);
    }
    return text;
  }
  std::vector<Oid> types() const override {
    std::vector<Oid> all;
    for (std::uint64_t row = 0; row < batch_; ++row)
      all.insert(all.end(), {kInt8, kText, kText, kText, kTimestampTz});
    return all;
  }

  std::optional<Task> Next(std::mt19937_64&, Statement* statement) override {
    const std::uint64_t id = next_id_;
    if (id + batch_ > end_id_) return std::nullopt;
    next_id_ += batch_;
    if (as_text_) statement->text = opening_;
    for (std::uint64_t i = 0; i < batch_; ++i) {
      if (!as_text_) {
        AddRow(id + i, &statement->parameters);
        continue;
      }
      if (i > 0) statement->text += ',';
      Rows::SqlLiterals().Append(id + i, &statement->text);
    }
    return Task{.id = id};
  }
  std::string_view Wrong(const Task&, PGresult* result) const override {
    return NotAffected(result, batch_);
  }
  std::uint64_t rows_per_request() const override { return batch_; }
  std::uint64_t next_id() const override { return next_id_; }

 private:
  const std::uint64_t batch_;
  const std::string opening_;
  const bool as_text_;
  const std::uint64_t end_id_;
  std::uint64_t next_id_;
};

// SELECT, UPDATE or DELETE of one row by its id.
class ByKey final : public PgWorkload {
 public:
  enum class Kind { kSelect, kUpdate, kDelete };

  ByKey(const WorkloadOptions& options, Kind kind, std::string prepared)
      : kind_(kind),
        prepared_(std::move(prepared)),
        first_id_(options.first_id),
        end_id_(options.first_id + options.rows),
        next_id_(options.first_id) {}

  std::string prepared() const override { return prepared_; }
  std::vector<Oid> types() const override { return {kInt8}; }
  std::optional<Task> Next(std::mt19937_64& random, Statement* statement) override {
    // Deletes find each row once, the others a random one.
    const std::uint64_t id =
        kind_ == Kind::kDelete ? next_id_++ : first_id_ + random() % (end_id_ - first_id_);
    if (id >= end_id_) return std::nullopt;
    statement->parameters.AddInteger(id);
    return Task{.id = id};
  }
  std::string_view Wrong(const Task& task, PGresult* result) const override {
    if (kind_ != Kind::kSelect) return NotAffected(result, 1);
    if (PQntuples(result) != 1) return "not one row";
    return IsRow(result, 0, task.id) ? "" : "not the row asked for";
  }
  std::uint64_t next_id() const override { return next_id_; }

 private:
  const Kind kind_;
  const std::string prepared_;
  const std::uint64_t first_id_;
  const std::uint64_t end_id_;
  std::uint64_t next_id_;
};

// A random owner's newest rows.
class LastRows final : public PgWorkload {
 public:
  static constexpr int kLimit = 50;

  explicit LastRows(const WorkloadOptions& options) : options_(options) {}

  std::string prepared() const override {
    return fmt::format("SELECT {} FROM {} WHERE owner = $1 ORDER BY id DESC LIMIT {}", kColumns,
                       options_.table, kLimit);
  }
  std::vector<Oid> types() const override { return {kInt8}; }
  std::optional<Task> Next(std::mt19937_64& random, Statement* statement) override {
    const std::uint64_t owner = random() % options_.users;
    statement->parameters.AddInteger(owner);
    return Task{.id = options_.first_id + (owner + 1) * options_.rows_per_user - 1};
  }
  std::string_view Wrong(const Task& task, PGresult* result) const override {
    if (PQntuples(result) != kLimit) return "not 50 rows";
    for (int i = 0; i < kLimit; ++i) {
      if (!IsRow(result, i, task.id - static_cast<std::uint64_t>(i)))
        return "not the owner's newest rows";
    }
    return "";
  }
  std::uint64_t rows_per_request() const override { return kLimit; }
  std::uint64_t next_id() const override { return options_.first_id; }

 private:
  const WorkloadOptions options_;
};

std::string Update(const std::string& table) {
  return fmt::format("UPDATE {} SET body = '{}{}' WHERE id = $1", table,
                     std::string(kIdDigits, '9'), BodyTail(1));
}

}  // namespace

const std::vector<WorkloadInfo>& PgWorkloads() {
  static const std::vector<WorkloadInfo> all = {
      {"insert1", "INSERT of one row, prepared"},
      {"insert1000", "INSERT of --batch rows per statement, as SQL text"},
      {"insert1000_params", "INSERT of --batch rows per statement, prepared"},
      {"load", "insert1000 until --rows rows are there"},
      {"point_select", "SELECT * WHERE id = $1, random among --rows"},
      {"last50", "a random owner's last 50 rows of --users owners with --rows-per-user each"},
      {"update1", "UPDATE of the body by primary key, random among --rows"},
      {"delete1", "DELETE by primary key, each of --rows once"},
  };
  return all;
}

Result<std::unique_ptr<PgWorkload>> MakePgWorkload(std::string_view name, WorkloadOptions options) {
  if (options.first_id == 0) options.first_id = kFirstId;
  const auto insert = [&](std::uint64_t batch, bool as_text) -> std::unique_ptr<PgWorkload> {
    return std::make_unique<Insert>(options, batch, as_text);
  };
  const auto by_key = [&](ByKey::Kind kind, std::string prepared) -> std::unique_ptr<PgWorkload> {
    return std::make_unique<ByKey>(options, kind, std::move(prepared));
  };
  if (name == "insert1") return insert(1, false);
  if (name == "insert1000") return insert(options.batch, true);
  if (name == "insert1000_params") return insert(options.batch, false);
  if (name == "last50") return std::unique_ptr<PgWorkload>(std::make_unique<LastRows>(options));
  if (options.rows == 0)
    return Error(ErrorCode::kInvalidArgument, "--rows: how many rows are there?");
  if (name == "load") return insert(options.batch, true);
  const std::string& table = options.table;
  if (name == "point_select") {
    return by_key(ByKey::Kind::kSelect, fmt::format("SELECT * FROM {} WHERE id = $1", table));
  }
  if (name == "update1") return by_key(ByKey::Kind::kUpdate, Update(table));
  if (name == "delete1")
    return by_key(ByKey::Kind::kDelete, fmt::format("DELETE FROM {} WHERE id = $1", table));
  return Error(ErrorCode::kInvalidArgument, fmt::format("unknown workload '{}'; see --help", name));
}

}  // namespace kalam::bench
