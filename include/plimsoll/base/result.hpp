// Errors as values.
//
// Nothing in the core throws: what can fail returns a Result, and the compiler warns when one is dropped. The names are
// those of std::expected (C++23), so that Result can become an alias of it when the toolchain moves.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>

#include "plimsoll/base/contract.hpp"

namespace plimsoll {

/// What kind of failure this is, for code that must choose; the message is for people.
enum class ErrorCode {
  Invalid,      ///< the input is malformed or out of range
  Unsupported,  ///< well formed, but a version or kind that is not handled here
  TooLarge,     ///< over a stated limit
  NotFound,     ///< a named thing does not exist
  Io,           ///< a file or socket refused
  Bug,          ///< our own invariant does not hold
};

/// A failure: what is wrong, and where.
struct Error {
  ErrorCode code = ErrorCode::Invalid;
  std::string message;
  /// A field path, a JSON Pointer, `line:column path` or a file name; empty when the whole input is meant.
  std::string where = {};

  bool operator==(const Error&) const = default;
};

/// Wraps an error on its way into a Result, as std::unexpected does.
template <class E>
struct Unexpected {
  E error;
};
template <class E>
Unexpected(E) -> Unexpected<E>;

/// Shorthand for a failed Result: `return fail(ErrorCode::Invalid, "no digits")`.
[[nodiscard]] inline Unexpected<Error> fail(ErrorCode code, std::string message, std::string where = {}) {
  return Unexpected<Error>{Error{code, std::move(message), std::move(where)}};
}

/// A value, or the reason why there is none.
template <class T, class E = Error>
class [[nodiscard]] Result {
 public:
  template <class U = T, class = std::enable_if_t<std::is_constructible_v<T, U&&> &&
                                                  !std::is_same_v<std::remove_cvref_t<U>, Result>>>
  Result(U&& value) : state_(std::in_place_index<0>, std::forward<U>(value)) {}  // NOLINT(google-explicit-constructor)
  Result(Unexpected<E> failure)                                                  // NOLINT(google-explicit-constructor)
      : state_(std::in_place_index<1>, std::move(failure.error)) {}

  [[nodiscard]] bool has_value() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }

  [[nodiscard]] T& value() & {
    PLIMSOLL_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] const T& value() const& {
    PLIMSOLL_ASSERT(has_value());
    return *std::get_if<0>(&state_);
  }
  [[nodiscard]] T&& value() && {
    PLIMSOLL_ASSERT(has_value());
    return std::move(*std::get_if<0>(&state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  [[nodiscard]] E& error() & {
    PLIMSOLL_ASSERT(state_.index() == 1);
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] const E& error() const& {
    PLIMSOLL_ASSERT(state_.index() == 1);
    return *std::get_if<1>(&state_);
  }
  [[nodiscard]] E&& error() && {
    PLIMSOLL_ASSERT(state_.index() == 1);
    return std::move(*std::get_if<1>(&state_));
  }

  template <class U>
  [[nodiscard]] T value_or(U&& fallback) const& {
    return has_value() ? value() : static_cast<T>(std::forward<U>(fallback));
  }

  template <class F>
  [[nodiscard]] auto and_then(F&& next) && -> std::invoke_result_t<F, T&&> {
    if (has_value()) return std::forward<F>(next)(std::move(*this).value());
    return Unexpected<E>{std::move(*this).error()};
  }

 private:
  std::variant<T, E> state_;
};

/// Success without a value, or the reason why not.
template <class E>
class [[nodiscard]] Result<void, E> {
 public:
  Result() = default;
  Result(Unexpected<E> failure) : error_(std::move(failure.error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool has_value() const noexcept { return !error_.has_value(); }
  explicit operator bool() const noexcept { return has_value(); }
  [[nodiscard]] const E& error() const& {
    PLIMSOLL_ASSERT(error_.has_value());
    return *error_;
  }
  [[nodiscard]] E&& error() && {
    PLIMSOLL_ASSERT(error_.has_value());
    return std::move(*error_);
  }

 private:
  std::optional<E> error_;
};

/// Binds `name` to the value of `expression`, or returns its error from the enclosing function.
#define PLIMSOLL_TRY(name, expression)                                                             \
  auto name##_result = (expression);                                                               \
  if (!name##_result.has_value()) return ::plimsoll::Unexpected{std::move(name##_result).error()}; \
  auto& name = name##_result.value()

/// The same for a Result<void>.
#define PLIMSOLL_CHECK(expression)                                                                                    \
  do {                                                                                                                \
    if (auto checked = (expression); !checked.has_value()) return ::plimsoll::Unexpected{std::move(checked).error()}; \
  } while (false)

}  // namespace plimsoll
