// What a replay needs of a request, and no more.
//
// A decision depends on little of an object. That little is kept exactly, so that the same policy decides the same
// again: names, labels, owner, estimates, amounts, priority, deadlines, what steers scheduling. Everything else is left
// out. Environment, commands and arguments leave only the heap that they tell a JVM to take; annotations outside the
// estimates' prefix leave only their size, and those of them that decide something what it is that they decide.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "plimsoll/admission/review.hpp"
#include "plimsoll/base/result.hpp"
#include "plimsoll/json/document.hpp"

namespace plimsoll::audit {

/// Units: bytes. Larger ones are not kept; etcd takes no object beyond 1.5 MiB.
inline constexpr std::size_t kRedactedLimit = std::size_t{1} << 20;

/// The `request` of an AdmissionReview on which `decide` decides as on `review`, as one JSON object in plain ASCII.
/// `prefix`: how the policy's estimates begin; `templates`: as Decision::templates says.
///
/// Errors: ErrorCode::TooLarge beyond kRedactedLimit.
[[nodiscard]] Result<std::string> redact(const admission::Review& review, std::string_view prefix,
                                         const std::vector<std::string>& templates = {});

/// The review that was redacted to `request`. Errors: as decode_review.
[[nodiscard]] Result<admission::Review> restore(json::View request);

}  // namespace plimsoll::audit
