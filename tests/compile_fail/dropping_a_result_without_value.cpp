// refused: nodiscard|unused-result
#include "plimsoll/base/result.hpp"

plimsoll::Result<void> step();

void run() {
#ifdef BROKEN
  step();
#else
  if (!step()) return;
#endif
}
