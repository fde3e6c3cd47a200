// How what a whole pod needs is divided among its containers.
//
// Containers that run together share a sum; an init container runs before them and may use all of it that the sidecars
// started before it leave. So Kubernetes' own formula (workload::most_at_once) gives the sum again, unless what is
// fixed, or the least that somebody can do with, is more. Only numbers here: who takes part is the rule's to say.
#pragma once

#include <cstdint>
#include <vector>

#include "plimsoll/workload/workload.hpp"

namespace plimsoll::plan {

/// What one container has or takes of the sum. Units: those of the sum.
struct Part {
  workload::Container::Role role = workload::Container::Role::App;
  std::int64_t fixed = 0;   ///< what it has already
  std::int64_t weight = 0;  ///< of what is left; 0: it takes nothing
  std::int64_t least = 0;   ///< it takes no less than this, if it takes anything
};

/// What each has of `total` then. Shares are whole multiples of `step`; what is over goes to the first that takes any.
[[nodiscard]] std::vector<std::int64_t> split(std::int64_t total, const std::vector<Part>& parts, std::int64_t step);

/// What is left of `total` for those that run together and take some.
[[nodiscard]] std::int64_t left_of(std::int64_t total, const std::vector<Part>& parts);

}  // namespace plimsoll::plan
