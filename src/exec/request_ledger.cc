#include "request_ledger.h"

#include <cstring>

#include "base/bytes.h"
#include "sql/secrets.h"

namespace kalam::exec {
namespace {

// A record: | fingerprint u64 LE | statements done u32 LE | kept u8 | results |
constexpr std::size_t kRecordHeaderBytes = 8 + 4 + 1;
// Answers beyond it are not kept, only that they were given.
constexpr std::size_t kMaxResultBytes = 1 << 20;

// FNV-1a: tells by chance equal texts apart well enough, and a client fools only itself.
class Fingerprint {
 public:
  void Add(std::string_view bytes) {
    for (const char byte : bytes) {
      hash_ ^= static_cast<unsigned char>(byte);
      hash_ *= 0x100000001B3ull;
    }
  }
  void AddNumber(std::uint64_t number) {
    char bytes[sizeof(number)];
    StoreLittleEndian(bytes, number);
    Add(std::string_view(bytes, sizeof(bytes)));
  }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xCBF29CE484222325ull;
};

// Of what decides the answer: statements, parameters, how integers are written. Not of passwords: a plain hash of one
// must not be stored.
std::uint64_t FingerprintOf(const wire::SqlRequest& request) {
  Fingerprint print;
  std::string redacted;
  std::string_view sql = request.sql;
  if (sql::MayHaveSecrets(sql)) sql = redacted = sql::RedactSecrets(sql);
  print.AddNumber(sql.size());
  print.Add(sql);
  print.AddNumber(request.int64_as_string ? 1 : 0);
  for (const Datum& param : request.params) {
    print.AddNumber(static_cast<std::uint64_t>(param.kind()));
    switch (param.kind()) {
      case Datum::Kind::kNull: break;
      case Datum::Kind::kBool: print.AddNumber(param.bool_value() ? 1 : 0); break;
      case Datum::Kind::kInt: print.AddNumber(static_cast<std::uint64_t>(param.int_value())); break;
      case Datum::Kind::kDouble: {
        std::uint64_t bits;
        const double number = param.double_value();
        std::memcpy(&bits, &number, sizeof(bits));
        print.AddNumber(bits);
        break;
      }
      case Datum::Kind::kText:
      case Datum::Kind::kBinary:
        print.AddNumber(param.text().size());
        print.Add(param.text());
    }
  }
  return print.value();
}

}  // namespace

RequestLedger::Ticket::Ticket(RequestLedger& ledger, UserId user, std::string id, std::uint64_t fingerprint)
    : ledger_(ledger),
      name_(std::move(user), std::move(id)),
      fingerprint_(fingerprint),
      entry_(ledger.log_.Begin(name_.first, name_.second)) {}

RequestLedger::Ticket::~Ticket() {
  if (done_ == found_) ledger_.log_.Release(entry_);
  {
    std::lock_guard lock(ledger_.mutex_);
    ledger_.running_.erase(name_);
  }
  ledger_.left_.notify_all();
}

std::string RequestLedger::Ticket::Encode(std::string_view results) const {
  char header[kRecordHeaderBytes];
  StoreLittleEndian(header, fingerprint_);
  StoreLittleEndian(header + 8, static_cast<std::uint32_t>(current_));
  const bool kept = keep_results_ && results.size() <= kMaxResultBytes;
  header[12] = kept ? 1 : 0;
  std::string record(header, sizeof(header));
  if (kept) record += results;
  return record;
}

Result<table::CommitNote> RequestLedger::Ticket::Note(std::string_view results) {
  return ledger_.log_.Note(entry_, Encode(results));
}

Status RequestLedger::Ticket::Store(std::string_view results) {
  if (done_ == current_) return {};
  KALAM_TRY(ledger_.log_.Store(entry_, Encode(results)));
  Committed();
  return {};
}

Result<std::unique_ptr<RequestLedger::Ticket>> RequestLedger::Enter(const UserId& user,
                                                                    const wire::SqlRequest& request,
                                                                    std::chrono::steady_clock::time_point deadline) {
  const std::string id(*request.request_id);
  {
    std::unique_lock lock(mutex_);
    if (!left_.wait_until(lock, deadline, [&] { return !running_.contains({user, id}); })) {
      return Error(ErrorCode::kConflict, "ERROR: request '" + id + "' is still running");
    }
    running_.emplace(user, id);
  }
  auto ticket = std::make_unique<Ticket>(*this, user, id, FingerprintOf(request));
  KALAM_TRY_ASSIGN(const auto record, log_.Find(user, id));
  if (!record) return ticket;
  if (record->size() < kRecordHeaderBytes) {
    return Error(ErrorCode::kCorruption, "the record of request '" + id + "' is too short");
  }
  if (LoadLittleEndian<std::uint64_t>(record->data()) != ticket->fingerprint_) {
    return Error(ErrorCode::kAlreadyExists,
                 "ERROR: request_id '" + id + "' was used for another request within the last 10 minutes");
  }
  if ((*record)[12] == 0) {
    return Error(ErrorCode::kLimitExceeded,
                 "ERROR: request '" + id + "' was executed; its answer was not kept, being secret or larger than " +
                     std::to_string(kMaxResultBytes) + " bytes");
  }
  ticket->found_ = ticket->done_ = LoadLittleEndian<std::uint32_t>(record->data() + 8);
  ticket->results_ = record->substr(kRecordHeaderBytes);
  return ticket;
}

}  // namespace kalam::exec
