// refused: no match for .operator\+.|invalid operands to binary expression
#include "plimsoll/units/amounts.hpp"

plimsoll::Bytes sum() {
#ifdef BROKEN
  return plimsoll::Bytes(1) + plimsoll::MilliCpu(1);
#else
  return plimsoll::Bytes(1) + plimsoll::Bytes(1);
#endif
}
