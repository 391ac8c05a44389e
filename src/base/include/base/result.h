#pragma once

#include <optional>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"
#include "base/error.h"

namespace kalam {

// A value or an Error. [[nodiscard]] on the type: a dropped failure does not compile with -Werror.
// The interface is a subset of C++23's std::expected, so that it can become one.
//
//   Result<Row> Find(Key);             // absence is std::optional, failure is Result
//   KALAM_TRY_ASSIGN(Row row, Find(key).Context("find row"));
template <typename T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}       // NOLINT: implicit
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}   // NOLINT: implicit

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    KALAM_CHECK(ok(), error_text());
    return std::get<0>(state_);
  }
  const T& value() const& {
    KALAM_CHECK(ok(), error_text());
    return std::get<0>(state_);
  }
  T&& value() && {
    KALAM_CHECK(ok(), error_text());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

  // Puts words in front of the error's message; a value passes through untouched.
  Result Context(std::string_view what) && {
    if (ok()) return std::move(*this);
    return std::move(*this).error().Context(what);
  }

 private:
  std::string_view error_text() const {
    return ok() ? std::string_view() : std::string_view(std::get<1>(state_).message());
  }
  std::variant<T, Error> state_;
};

// Success without a value.
template <>
class [[nodiscard]] Result<void> {
 public:
  using value_type = void;

  Result() = default;
  Result(Error error) : error_(std::move(error)) {}  // NOLINT: implicit

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const& { return *error_; }
  Error&& error() && { return *std::move(error_); }

  Result Context(std::string_view what) && {
    if (ok()) return {};
    return std::move(*this).error().Context(what);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace kalam

#define KALAM_CONCAT_INNER(a, b) a##b
#define KALAM_CONCAT(a, b) KALAM_CONCAT_INNER(a, b)

// Returns the error of `expr` from the enclosing function, if it has one.
#define KALAM_TRY(expr)                                             \
  do {                                                              \
    auto kalam_try = (expr);                                        \
    if (!kalam_try.ok()) return std::move(kalam_try).error();       \
  } while (false)

// KALAM_TRY_ASSIGN(auto row, Find(key)): declares or assigns from the value, or returns the error.
#define KALAM_TRY_ASSIGN(target, expr) \
  KALAM_TRY_ASSIGN_IMPL(KALAM_CONCAT(kalam_result_, __LINE__), target, expr)
#define KALAM_TRY_ASSIGN_IMPL(result, target, expr)   \
  auto result = (expr);                               \
  if (!result.ok()) return std::move(result).error(); \
  target = std::move(result).value()
