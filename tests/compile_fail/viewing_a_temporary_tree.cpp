// refused: (use of|call to) deleted (member )?function
#include "plimsoll/json/tree.hpp"

plimsoll::json::Tree make();

bool look() {
#ifdef BROKEN
  const plimsoll::json::View view = make().root();
#else
  const plimsoll::json::Tree tree = make();
  const plimsoll::json::View view = tree.root();
#endif
  return view.is_null();
}
