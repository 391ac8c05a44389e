#include "workload.h"

#include <fmt/format.h>

#include <atomic>

#include "answer.h"
#include "request.h"
#include "rows.h"

namespace kalam::bench {
namespace {

std::string IdText(std::uint64_t id) {
  std::string text(kIdDigits, '0');
  WriteId(id, text.data());
  return text;
}

// INSERT of `batch` rows with consecutive ids per statement, as SQL text or as parameters.
class Insert final : public Workload {
 public:
  enum class Form { kText, kParameters };

  Insert(const WorkloadOptions& options, Form form, std::uint64_t batch)
      : rows_(form == Form::kText ? Rows::SqlLiterals() : Rows::JsonValues()),
        batch_(batch),
        suffix_(form == Form::kText ? R"("})" : "]}"),
        end_id_(options.rows == 0 ? kLastId : options.first_id + options.rows),
        next_id_(options.first_id),
        row_count_(batch),
        requests_(options, Prefix(options.table, form, batch), BodyBytes(options.table, form)) {}

  std::optional<Task> Next(std::mt19937_64&, std::string* request) override {
    const std::uint64_t id = next_id_.fetch_add(batch_, std::memory_order_relaxed);
    if (id + batch_ > end_id_) return std::nullopt;
    requests_.Begin(id, request);
    for (std::uint64_t i = 0; i < batch_; ++i) {
      if (i > 0) *request += ',';
      rows_.Append(id + i, request);
    }
    *request += suffix_;
    return Task{.id = id};
  }

  std::string_view Wrong(const Task&, std::string_view body) const override {
    if (!Succeeded(body)) return "status is not success";
    return row_count_.IsIn(body) ? "" : "row_count is not the number of rows sent";
  }

  std::uint64_t rows_per_request() const override { return batch_; }
  std::uint64_t next_id() const override { return next_id_.load(); }

 private:
  static std::string Prefix(const std::string& table, Form form, std::uint64_t batch) {
    std::string prefix =
        fmt::format(R"({{"sql":"INSERT INTO {} (id, room, sender, body, ts) VALUES )", table);
    if (form == Form::kText) return prefix;
    for (std::uint64_t row = 0; row < batch; ++row) {
      const std::uint64_t p = row * 5;
      prefix += fmt::format("{}(${}, ${}, ${}, ${}, ${})", row == 0 ? "" : ", ", p + 1, p + 2,
                            p + 3, p + 4, p + 5);
    }
    return prefix + R"(","params":[)";
  }

  std::size_t BodyBytes(const std::string& table, Form form) const {
    return Prefix(table, form, batch_).size() + batch_ * rows_.row_bytes() + (batch_ - 1) +
           suffix_.size();
  }

  const Rows& rows_;
  const std::uint64_t batch_;
  const std::string_view suffix_;
  const std::uint64_t end_id_;
  std::atomic<std::uint64_t> next_id_;
  const RowCount row_count_;
  const SqlRequests requests_;
};

// One statement around one id: SELECT, UPDATE or DELETE by primary key.
class ByKey final : public Workload {
 public:
  enum class Pick { kRandom, kEachOnce };
  enum class Answer { kRow, kOneAffected };

  // `opening` and `closing` are the JSON body around the id.
  ByKey(const WorkloadOptions& options, std::string opening, std::string closing, Pick pick,
        Answer answer)
      : first_id_(options.first_id),
        end_id_(options.first_id + options.rows),
        pick_(pick),
        answer_(answer),
        closing_(std::move(closing)),
        next_id_(options.first_id),
        one_row_(1),
        requests_(options, opening, opening.size() + kIdDigits + closing_.size()) {}

  std::optional<Task> Next(std::mt19937_64& random, std::string* request) override {
    const std::uint64_t id = pick_ == Pick::kRandom
                                 ? first_id_ + random() % (end_id_ - first_id_)
                                 : next_id_.fetch_add(1, std::memory_order_relaxed);
    if (id >= end_id_) return std::nullopt;
    requests_.Begin(id, request);
    const std::size_t at = request->size();
    request->append(kIdDigits, '0');
    WriteId(id, request->data() + at);
    *request += closing_;
    return Task{.id = id};
  }

  std::string_view Wrong(const Task& task, std::string_view body) const override {
    if (!Succeeded(body)) return "status is not success";
    if (!one_row_.IsIn(body)) return "row_count is not 1";
    if (answer_ == Answer::kOneAffected) return "";
    return RowFinder(body).FindNext(task.id) ? "" : "not the row asked for";
  }

  std::uint64_t rows_per_request() const override { return 1; }
  std::uint64_t next_id() const override { return next_id_.load(); }

 private:
  const std::uint64_t first_id_;
  const std::uint64_t end_id_;
  const Pick pick_;
  const Answer answer_;
  const std::string closing_;
  std::atomic<std::uint64_t> next_id_;
  const RowCount one_row_;
  const SqlRequests requests_;
};

// A random user's newest rows.
class LastRows final : public Workload {
 public:
  static constexpr std::uint64_t kLimit = 50;

  explicit LastRows(const WorkloadOptions& options)
      : first_id_(options.first_id),
        users_(options.users),
        rows_per_user_(options.rows_per_user),
        row_count_(kLimit),
        requests_(options, Body(options.table), Body(options.table).size()) {}

  std::optional<Task> Next(std::mt19937_64& random, std::string* request) override {
    const std::uint64_t newest = first_id_ + (random() % users_ + 1) * rows_per_user_ - 1;
    requests_.Begin(newest, request);
    return Task{.id = newest};
  }

  std::string_view Wrong(const Task& task, std::string_view body) const override {
    if (!Succeeded(body)) return "status is not success";
    if (!row_count_.IsIn(body)) return "row_count is not 50";
    RowFinder rows(body);
    for (std::uint64_t i = 0; i < kLimit; ++i) {
      if (!rows.FindNext(task.id - i)) return "not the user's newest rows, newest first";
    }
    return "";
  }

  std::uint64_t rows_per_request() const override { return kLimit; }
  std::uint64_t next_id() const override { return first_id_; }

 private:
  static std::string Body(const std::string& table) {
    return fmt::format(R"({{"sql":"SELECT * FROM {} ORDER BY id DESC LIMIT {}"}})", table, kLimit);
  }

  const std::uint64_t first_id_;
  const std::uint64_t users_;
  const std::uint64_t rows_per_user_;
  const RowCount row_count_;
  const SqlRequests requests_;
};

// GET /health: what HTTP alone costs, the ceiling of everything above.
class Health final : public Workload {
 public:
  explicit Health(const WorkloadOptions& options)
      : request_(fmt::format("GET /health HTTP/1.1\r\nHost: {}\r\n\r\n", options.host)) {}

  std::optional<Task> Next(std::mt19937_64&, std::string* request) override {
    request->assign(request_);
    return Task{};
  }
  std::string_view Wrong(const Task&, std::string_view body) const override {
    return Contains(body, R"("status":)") ? "" : "no health status";
  }
  std::uint64_t rows_per_request() const override { return 1; }
  std::uint64_t next_id() const override { return kFirstId; }

 private:
  const std::string request_;
};

std::unique_ptr<Workload> MakeSelect(const WorkloadOptions& options, bool with_parameter) {
  const std::string select = fmt::format(R"({{"sql":"SELECT * FROM {} WHERE id = )", options.table);
  return std::make_unique<ByKey>(options, with_parameter ? select + R"($1","params":[)" : select,
                                 with_parameter ? "]}" : R"("})", ByKey::Pick::kRandom,
                                 ByKey::Answer::kRow);
}

std::unique_ptr<Workload> MakeUpdate(const WorkloadOptions& options) {
  const std::string new_body = std::string(kIdDigits, '9') + std::string(BodyTail(1));
  return std::make_unique<ByKey>(
      options,
      fmt::format(R"({{"sql":"UPDATE {} SET body = '{}' WHERE id = )", options.table, new_body),
      R"("})", ByKey::Pick::kRandom, ByKey::Answer::kOneAffected);
}

std::unique_ptr<Workload> MakeDelete(const WorkloadOptions& options) {
  return std::make_unique<ByKey>(
      options, fmt::format(R"({{"sql":"DELETE FROM {} WHERE id = )", options.table), R"("})",
      ByKey::Pick::kEachOnce, ByKey::Answer::kOneAffected);
}

Error Refuse(std::string message) {
  return Error(ErrorCode::kInvalidArgument, std::move(message));
}

Status CheckExtent(std::string_view name, const WorkloadOptions& options) {
  const bool inserts = name.starts_with("insert") || name == "load";
  if (options.users == 0 || options.rows_per_user == 0 || options.batch == 0) {
    return Refuse("--users, --rows-per-user and --batch start at 1");
  }
  if (options.first_id < kFirstId || options.first_id + options.rows > kLastId) {
    return Refuse(fmt::format("ids must lie in {}..{}", IdText(kFirstId), IdText(kLastId)));
  }
  const bool many_rows = name.starts_with("insert1000") || name == "load";
  if (many_rows && options.users > 1 && options.rows_per_user % options.batch != 0) {
    return Refuse("--rows-per-user must be a multiple of --batch: a statement writes for one user");
  }
  if (name == "last50" && (options.rows_per_user < LastRows::kLimit ||
                           options.first_id / options.rows_per_user % options.users != 0)) {
    return Refuse("last50 needs --rows-per-user >= 50 and ids that begin with user 0");
  }
  if (!inserts && name != "last50" && name != "health" && options.rows == 0) {
    return Refuse(fmt::format("{} needs --rows: how many rows are there", name));
  }
  if (name == "load" && (options.rows == 0 || options.rows % options.batch != 0)) {
    return Refuse("load needs --rows, a multiple of --batch");
  }
  return {};
}

}  // namespace

const std::vector<WorkloadInfo>& Workloads() {
  static const std::vector<WorkloadInfo> all = {
      {"insert1", "INSERT of one row, values as literals"},
      {"insert1_params", "INSERT of one row, values as $1..$5"},
      {"insert1000", "INSERT of --batch rows per statement, as SQL text"},
      {"insert1000_params", "INSERT of --batch rows per statement, as parameters"},
      {"load", "insert1000 until --rows rows are there"},
      {"point_select", "SELECT * WHERE id = literal, random among --rows"},
      {"point_select_params", "SELECT * WHERE id = $1, random among --rows"},
      {"last50", "a random user's last 50 rows"},
      {"update1", "UPDATE of the body by primary key, random among --rows"},
      {"delete1", "DELETE by primary key, each of --rows once"},
      {"health", "GET /health: HTTP alone"},
  };
  return all;
}

Result<std::unique_ptr<Workload>> MakeWorkload(std::string_view name, WorkloadOptions options) {
  using Form = Insert::Form;
  if (options.first_id == 0) options.first_id = kFirstId;
  KALAM_TRY(CheckExtent(name, options));
  const auto insert = [&](Form form, std::uint64_t batch) {
    return std::unique_ptr<Workload>(std::make_unique<Insert>(options, form, batch));
  };
  if (name == "insert1") return insert(Form::kText, 1);
  if (name == "insert1_params") return insert(Form::kParameters, 1);
  if (name == "insert1000" || name == "load") return insert(Form::kText, options.batch);
  if (name == "insert1000_params") return insert(Form::kParameters, options.batch);
  if (name == "point_select") return MakeSelect(options, false);
  if (name == "point_select_params") return MakeSelect(options, true);
  if (name == "last50") return std::unique_ptr<Workload>(std::make_unique<LastRows>(options));
  if (name == "update1") return MakeUpdate(options);
  if (name == "delete1") return MakeDelete(options);
  if (name == "health") return std::unique_ptr<Workload>(std::make_unique<Health>(options));
  return Refuse(fmt::format("unknown workload '{}'; see --help", name));
}

}  // namespace kalam::bench
