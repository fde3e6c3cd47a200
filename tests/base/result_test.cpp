#include "plimsoll/base/result.hpp"

#include <catch2/catch.hpp>
#include <memory>

namespace plimsoll {
namespace {

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorCode::Invalid, "odd", "n");
  return n / 2;
}

Result<int> quarter(int n) {
  PLIMSOLL_TRY(once, half(n));
  PLIMSOLL_TRY(twice, half(once));
  return twice;
}

Result<void> is_even(int n) {
  PLIMSOLL_CHECK(half(n));
  return {};
}

TEST_CASE("a result holds a value or an error") {
  CHECK(*half(4) == 2);
  CHECK(half(3).error() == Error{ErrorCode::Invalid, "odd", "n"});
  CHECK(half(3).value_or(7) == 7);
  CHECK(half(4).value_or(7) == 2);
}

TEST_CASE("errors travel up unchanged") {
  CHECK(*quarter(8) == 2);
  CHECK(quarter(6).error().message == "odd");
  CHECK(is_even(2).has_value());
  CHECK(is_even(1).error().where == "n");
}

TEST_CASE("results chain like std::expected") {
  CHECK(*half(8).and_then(half) == 2);
  CHECK(half(6).and_then(half).error().message == "odd");
}

TEST_CASE("a result can hold what can only be moved") {
  Result<std::unique_ptr<int>> owned = std::make_unique<int>(5);
  CHECK(*std::move(owned).value() == 5);
}

}  // namespace
}  // namespace plimsoll
