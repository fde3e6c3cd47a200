// What the API server will hold against the patched object, held against it here first: a patch that does not survive
// is a 500 that no failurePolicy forgives.
#pragma once

#include <set>
#include <string>

#include "plimsoll/workload/workload.hpp"

namespace plimsoll::decide {

/// Every rule of Kubernetes' validation that a change of ours could break and `workload` breaks; field path and rule.
/// Source: pkg/apis/core/validation/validation.go validateResourceRequirements, plugin/pkg/admission/priority.
[[nodiscard]] std::set<std::string> find_violations(const workload::Workload& workload);

}  // namespace plimsoll::decide
