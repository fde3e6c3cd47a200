// refused: (use of|call to) deleted (member )?function
#include "plimsoll/json/document.hpp"

plimsoll::json::Document make();

bool look() {
#ifdef BROKEN
  const plimsoll::json::View view = make().root();
#else
  const plimsoll::json::Document document = make();
  const plimsoll::json::View view = document.root();
#endif
  return view.is_null();
}
