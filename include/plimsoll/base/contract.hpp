// What a function requires of its caller, checked.
#pragma once

namespace plimsoll {

/// Prints the broken contract and aborts. Never returns.
[[noreturn]] void contract_broken(const char* condition, const char* file, int line) noexcept;

}  // namespace plimsoll

/// Aborts when `condition` does not hold. For programming errors only, never for input: a Result is for input.
#define PLIMSOLL_ASSERT(condition) \
  (static_cast<bool>(condition) ? static_cast<void>(0) : ::plimsoll::contract_broken(#condition, __FILE__, __LINE__))
