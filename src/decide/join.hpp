// Several pod templates, one object: one verdict, one patch, one record.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/decide/decide.hpp"
#include "plimsoll/json/pointer.hpp"

namespace plimsoll::decide {

/// The decisions on the templates at `places`, each made as if it were all there is, as one. The worst of their
/// verdicts is the object's: refused in one place it is refused, changed in one it is changed. Requires: one part for
/// each place, and at least one.
[[nodiscard]] Decision join(const std::vector<json::Pointer>& places, std::vector<Decision> parts,
                            std::string_view kind);

/// Why an object of `kind` is refused, in one message for all of `problems`.
[[nodiscard]] std::string describe_refusal(std::string_view kind, const std::vector<estimate::Problem>& problems);

}  // namespace plimsoll::decide
