// Result<T, E>: a value or the error that stands in its place. Errors are values that must be used;
// no exception crosses a module boundary of weir. (std::expected needs a newer clang than we build
// with.)
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "core/base/check.h"

namespace weir {

// A plain error for people: one sentence that says what is wrong and what would be right.
struct Error {
  std::string message;
};

template <typename T, typename E = Error>
class [[nodiscard]] Result {
 public:
  Result(T value)
      : state_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit by design
  Result(E error)
      : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    WEIR_CHECK(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    WEIR_CHECK(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    WEIR_CHECK(ok());
    return std::get<0>(std::move(state_));
  }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }

  const E& error() const {
    WEIR_CHECK(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, E> state_;
};

// The result of something that yields nothing but may fail.
struct Done {};
using Status = Result<Done, Error>;

}  // namespace weir
