#include "catalog/storage_path.h"

#include <optional>

#include <fmt/format.h>

namespace kalam::catalog {
namespace {

constexpr std::size_t kMaxTemplateBytes = 1024;
constexpr std::string_view kStorageLocation = "{storageLocation}";
constexpr std::string_view kNamespace = "{namespace}";
constexpr std::string_view kTableName = "{tableName}";
constexpr std::string_view kShard = "{shard}";
constexpr std::string_view kUserId = "{userId}";

Error Invalid(TemplateKind kind, std::string_view why) {
  return Error(ErrorCode::kInvalidArgument,
               fmt::format("{} table template: {}", kind == TemplateKind::kShared ? "Shared" : "User", why));
}

bool IsVariable(TemplateKind kind, std::string_view variable) {
  return variable == kStorageLocation || variable == kNamespace || variable == kTableName || variable == kShard ||
         (variable == kUserId && kind == TemplateKind::kUser);
}

// Calls `use(piece, is_variable)` for each variable, braces included, and each text between; it returns a Status.
// False at a brace without its partner.
template <typename Use>
Result<bool> ForEachPiece(std::string_view text, Use use) {
  while (!text.empty()) {
    const std::size_t open = text.find_first_of("{}");
    if (open != 0) {
      KALAM_TRY(use(text.substr(0, open), false));
      if (open == std::string_view::npos) return true;
      text.remove_prefix(open);
      continue;
    }
    const std::size_t close = text.find('}');
    if (text[0] == '}' || close == std::string_view::npos) return false;
    KALAM_TRY(use(text.substr(0, close + 1), true));
    text.remove_prefix(close + 1);
  }
  return true;
}

bool HasDotSegment(std::string_view path) {
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    const std::string_view segment = path.substr(0, slash);
    if (segment == "." || segment == "..") return true;
    if (slash == std::string_view::npos) return false;
    path.remove_prefix(slash + 1);
  }
  return false;
}

Status CheckText(TemplateKind kind, std::string_view text) {
  if (text.empty() || text.size() > kMaxTemplateBytes) return Invalid(kind, "must have 1 to 1024 characters");
  for (const char c : text) {
    // `$`: templates of other systems write ${user_id}.
    if (static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == '$') {
      return Invalid(kind, "control characters, backslashes and '$' are not allowed");
    }
  }
  if (HasDotSegment(text)) return Invalid(kind, "path segments '.' and '..' are not allowed");
  const std::size_t location = text.rfind(kStorageLocation);
  if (location != std::string_view::npos && location != 0) {
    return Invalid(kind, "{storageLocation} is allowed at the beginning only");
  }
  return {};
}

// The first of two variables comes first, if both are there.
Status CheckOrder(TemplateKind kind, std::string_view text, std::string_view first, std::string_view second) {
  const std::size_t a = text.find(first), b = text.find(second);
  if (a == std::string_view::npos || b == std::string_view::npos || a < b) return {};
  return Invalid(kind, fmt::format("{} must appear before {}", first, second));
}

Status CheckSharedVariables(std::string_view text) {
  const bool ns = text.find(kNamespace) != std::string_view::npos;
  const bool table = text.find(kTableName) != std::string_view::npos;
  if (!ns && !table) return Invalid(TemplateKind::kShared, "Both {namespace} and {tableName} are required");
  if (!ns) return Invalid(TemplateKind::kShared, "{namespace} is required");
  if (!table) return Invalid(TemplateKind::kShared, "{tableName} is required");
  return CheckOrder(TemplateKind::kShared, text, kNamespace, kTableName);
}

Status CheckUserVariables(std::string_view text) {
  if (text.find(kUserId) == std::string_view::npos) return Invalid(TemplateKind::kUser, "{userId} is required");
  KALAM_TRY(CheckOrder(TemplateKind::kUser, text, kNamespace, kTableName));
  KALAM_TRY(CheckOrder(TemplateKind::kUser, text, kTableName, kShard));
  KALAM_TRY(CheckOrder(TemplateKind::kUser, text, kShard, kUserId));
  KALAM_TRY(CheckOrder(TemplateKind::kUser, text, kTableName, kUserId));
  return CheckOrder(TemplateKind::kUser, text, kNamespace, kUserId);
}

// A value becomes (a part of) one path segment, never more.
Status CheckValue(std::string_view variable, std::string_view value) {
  bool plain = value != "." && value != ".." && (!value.empty() || variable == kShard);
  for (const char c : value) plain = plain && c != '/' && c != '\\' && static_cast<unsigned char>(c) >= 0x20;
  if (plain) return {};
  return Error(ErrorCode::kInvalidArgument, fmt::format("a value of {} is no part of a path", variable));
}

std::string_view ValueOf(std::string_view variable, const PathValues& values) {
  if (variable == kNamespace) return values.ns;
  if (variable == kTableName) return values.table;
  return variable == kShard ? values.shard : values.user;
}

std::string_view TemplateOf(const Storage& storage, TemplateKind kind) {
  return kind == TemplateKind::kShared ? storage.shared_tables_template : storage.user_tables_template;
}

// What comes before the template, with its closing slash; empty for an absolute one.
std::string RootOf(const Storage& storage, std::string_view text, std::string_view default_root) {
  if (text.starts_with('/') || text.starts_with("s3://")) return {};
  std::string root(storage.uri.empty() ? default_root : std::string_view(storage.uri));
  if (!root.ends_with('/')) root += '/';
  return root;
}

void AppendCollapsed(std::string& path, std::string_view piece) {
  for (const char c : piece) {
    if (c == '/' && path.ends_with('/')) continue;
    path += c;
  }
}

Result<std::string> Build(const Storage& storage, TemplateKind kind, const PathValues& values,
                          std::string_view default_root, bool for_people) {
  std::string_view text = TemplateOf(storage, kind);
  std::string path = RootOf(storage, text, default_root);
  if (text.starts_with(kStorageLocation)) text.remove_prefix(kStorageLocation.size());
  // The two slashes of `s3://` are the only ones that stay together.
  if (text.starts_with("s3://")) {
    path = "s3://";
    text.remove_prefix(path.size());
  }
  KALAM_TRY_ASSIGN(const bool balanced, ForEachPiece(text, [&](std::string_view piece, bool is_variable) -> Status {
                     if (!is_variable) {
                       AppendCollapsed(path, piece);
                       return {};
                     }
                     if (!IsVariable(kind, piece)) return Invalid(kind, fmt::format("Unknown variable {}", piece));
                     const std::string_view value = ValueOf(piece, values);
                     if (for_people && value.empty() && piece == kUserId) {
                       path += piece;
                       return {};
                     }
                     KALAM_TRY(CheckValue(piece, value));
                     AppendCollapsed(path, value);
                     return {};
                   }));
  if (!balanced) return Invalid(kind, "braces must come in pairs");
  return path;
}

}  // namespace

Status CheckTemplate(TemplateKind kind, std::string_view text) {
  KALAM_TRY(CheckText(kind, text));
  KALAM_TRY_ASSIGN(const bool balanced, ForEachPiece(text, [&](std::string_view piece, bool is_variable) -> Status {
                     if (!is_variable || IsVariable(kind, piece)) return {};
                     return Invalid(kind, fmt::format("Unknown variable {}. Known variables: {}", piece,
                                                      kind == TemplateKind::kShared
                                                          ? "{storageLocation}, {namespace}, {tableName}, {shard}"
                                                          : "{storageLocation}, {namespace}, {tableName}, {shard}, "
                                                            "{userId}"));
                   }));
  if (!balanced) return Invalid(kind, "braces must come in pairs");
  return kind == TemplateKind::kShared ? CheckSharedVariables(text) : CheckUserVariables(text);
}

Result<std::string> StoragePath(const Storage& storage, TemplateKind kind, const PathValues& values,
                                std::string_view default_root) {
  return Build(storage, kind, values, default_root, false);
}

Result<StoragePlace> PlaceInStorage(const Storage& storage, TemplateKind kind, const PathValues& values) {
  // The default root is left out of the path, so that the data folder may move.
  constexpr std::string_view kDefaultRoot = "./";
  KALAM_TRY_ASSIGN(std::string path, StoragePath(storage, kind, values, kDefaultRoot));
  const std::string_view text = TemplateOf(storage, kind);
  std::string root = RootOf(storage, text, kDefaultRoot);
  if (root.empty()) root = text.substr(0, text.substr(0, text.find('{')).rfind('/') + 1);
  std::string folder = path.substr(root.size());
  while (folder.ends_with('/')) folder.pop_back();
  if (storage.uri.empty() && root == kDefaultRoot) root.clear();
  return StoragePlace{std::move(root), std::move(folder)};
}

std::string ShownStoragePath(const Storage& storage, TemplateKind kind, const PathValues& values,
                             std::string_view default_root) {
  auto path = Build(storage, kind, values, default_root, true);
  return path.ok() ? *std::move(path) : std::string();
}

}  // namespace kalam::catalog
