// What shall stand where an author may have written something: he keeps it, it is raised, or it is replaced.
//
// A request and its limit are settled together, so that a request never exceeds its limit and the QoS class stays: what
// was equal stays equal, what had room above keeps it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "plimsoll/config/policy.hpp"
#include "plimsoll/units/amounts.hpp"

namespace plimsoll::plan {

template <class T>
struct Pair {
  std::optional<T> request;
  std::optional<T> limit;

  /// What the scheduler will count: in a template that holds only the limit, the Pod's request will be its copy.
  [[nodiscard]] std::optional<T> counted() const { return request ? request : limit; }
  bool operator==(const Pair&) const = default;
};

/// Whether `written` is at least `factor` times more or less than `wanted`.
template <class T>
[[nodiscard]] bool is_far(T written, T wanted, Ratio factor) {
  return written != wanted && (written >= wanted.scaled(factor) || written.scaled(factor) <= wanted);
}

/// What the policy does with a size of `written` where the estimate asks for `wanted`.
template <class T>
[[nodiscard]] config::Authored choose_treatment(T written, T wanted, const config::Resources& policy,
                                                config::Confidence confidence) {
  if (policy.authored != config::Authored::Replace) return policy.authored;
  const bool is_replaced = confidence >= policy.replace.confidence && is_far(written, wanted, policy.replace.factor);
  return is_replaced ? config::Authored::Replace : config::Authored::Keep;
}

/// `limit` in the proportion that it had to `before`, now that the request is `after`; rounded up.
template <class T>
[[nodiscard]] T in_proportion(T limit, T before, T after) {
  if (before == T{}) return std::max(limit, after);
  const Int128 scaled = (Int128{limit.count()} * after.count() + before.count() - 1) / before.count();
  return scaled > T::max().count() ? T::max() : T(static_cast<std::int64_t>(scaled));
}

/// What shall stand there. Requires: `wanted` has a request; its limit is what the policy wants where none is written.
template <class T>
[[nodiscard]] Pair<T> settle(const Pair<T>& written, const Pair<T>& wanted, config::Authored treatment) {
  const bool raise = treatment == config::Authored::Raise;
  const bool replace = treatment == config::Authored::Replace;
  Pair<T> settled = written;
  if (!written.request && written.limit) {
    if (raise) settled.limit = std::max(*written.limit, *wanted.request);
    if (replace) settled.limit = wanted.request;
    return settled;
  }
  settled.request = replace ? wanted.request : written.request.value_or(*wanted.request);
  if (raise) settled.request = std::max(*settled.request, *wanted.request);
  if (!written.limit) {
    if (wanted.limit) settled.limit = std::max(*wanted.limit, *settled.request);
  } else if (raise) {
    settled.limit = std::max({*written.limit, *settled.request, wanted.limit.value_or(T{})});
  } else if (replace) {
    settled.limit = in_proportion(*written.limit, *written.request, *settled.request);
  }
  return settled;
}

}  // namespace plimsoll::plan
