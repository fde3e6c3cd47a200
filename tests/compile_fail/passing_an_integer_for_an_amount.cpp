// refused: could not convert|no viable conversion|conversion from .* requested|no known conversion
#include "plimsoll/units/amounts.hpp"

void give(plimsoll::Bytes bytes);

void run() {
#ifdef BROKEN
  give(1024);
#else
  give(plimsoll::Bytes(1024));
#endif
}
