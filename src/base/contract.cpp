#include "plimsoll/base/contract.hpp"

#include <cstdio>
#include <cstdlib>

namespace plimsoll {

void contract_broken(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "plimsoll: broken contract: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace plimsoll
