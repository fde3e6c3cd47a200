// refused: nodiscard|unused-result
#include "plimsoll/units/quantity.hpp"

void read() {
#ifdef BROKEN
  plimsoll::parse_quantity("1Gi");
#else
  static_cast<void>(plimsoll::parse_quantity("1Gi"));
#endif
}
