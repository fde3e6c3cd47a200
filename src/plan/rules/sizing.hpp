// Sizes as the rules about resources write them: of a container, or of the whole pod.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "../rule.hpp"
#include "../settle.hpp"

namespace plimsoll::plan::rules {

/// One resource on its way to a decision, of one container or of the whole pod.
template <class T>
struct Case {
  std::string_view resource;
  std::string whose;  // "container main", "the pod"
  const estimate::Sized<T>& estimate;
  const config::Sizing<T>& sizing;
  std::optional<Ratio> margin;
  T floor{};
};

/// What the policy asks for, whatever stands there; a limit where it wants one.
template <class T>
struct Target {
  Pair<T> pair;
  std::string request_reason;
  std::string limit_reason;
};

template <class T>
[[nodiscard]] std::optional<T> amount_in(const std::optional<Quantity>& quantity) {
  if (!quantity) return std::nullopt;
  const auto to_amount = [&] {
    if constexpr (std::is_same_v<T, MilliCpu>) {
      return to_milli_cpu(*quantity);
    } else {
      return to_bytes(*quantity);
    }
  };
  const Result<T> amount = to_amount();
  return amount ? std::optional(*amount) : std::nullopt;
}

[[nodiscard]] inline std::string times(Ratio ratio, std::string_view what) {
  return ratio.thousandths() == 1000 ? "" : fmt::format(" x {} ({})", to_text(ratio), what);
}

/// What `c` comes to.
template <class T>
[[nodiscard]] Target<T> make_target(const Input& input, const Case<T>& c, Outcome& out) {
  T needed = c.estimate.value;
  std::string why = fmt::format("estimate {}", to_text(needed));
  if (c.margin) {
    needed = needed.scaled(*c.margin);
    why += times(*c.margin, fmt::format("{} confidence", config::to_text(input.estimate.confidence)));
  }
  Target<T> target;
  T request = needed.scaled(c.sizing.request).rounded_up_to(c.sizing.round);
  target.request_reason = why + times(c.sizing.request, "request");
  if (request < c.sizing.min) {
    request = c.sizing.min;
    target.request_reason += fmt::format(", at least {}", to_text(c.sizing.min));
  }
  if (request > c.sizing.max) {
    request = c.sizing.max;
    target.request_reason += fmt::format(", at most {}", to_text(c.sizing.max));
    out.warnings.push_back(
        fmt::format("{} of {} is held at the policy's maximum {}", c.resource, c.whose, to_text(c.sizing.max)));
  }
  if (request < c.floor) {
    request = c.floor.rounded_up_to(c.sizing.round);
    target.request_reason += ", at least memory-backed volumes and heap";
  }
  if (request != c.estimate.value) target.request_reason += fmt::format(" = {}", to_text(request));
  target.pair.request = request;
  if (c.sizing.limit) {
    const T limit = std::min(needed.scaled(*c.sizing.limit).rounded_up_to(c.sizing.round), c.sizing.max);
    target.pair.limit = std::max(limit, request);
    target.limit_reason = fmt::format("{}{} = {}", why, times(*c.sizing.limit, "limit"), to_text(*target.pair.limit));
  }
  return target;
}

/// The author's number stands although the estimate says that it will not do.
template <class T>
void warn_of_conflict(const Pair<T>& written, const Pair<T>& settled, const Case<T>& c, Outcome& out) {
  const auto falls_short = [&](const std::optional<T>& before, const std::optional<T>& after) {
    return before && before == after && *after < c.estimate.value;
  };
  const bool limit = falls_short(written.limit, settled.limit);
  if (!limit && !falls_short(written.request, settled.request)) return;
  out.warnings.push_back(fmt::format("{} {} {} of {} is below the estimate {}", c.resource, limit ? "limit" : "request",
                                     to_text(limit ? *settled.limit : *settled.request), c.whose,
                                     to_text(c.estimate.value)));
}

/// The author's number goes down because of the estimate.
template <class T>
void warn_if_lowered(const Pair<T>& written, const Pair<T>& settled, const Case<T>& c, std::string_view whose,
                     Outcome& out) {
  const std::optional<T>& before = written.request ? written.request : written.limit;
  const std::optional<T>& after = written.request ? settled.request : settled.limit;
  if (!before || *after >= *before) return;
  out.warnings.push_back(fmt::format("{} of {} is lowered from {} to {}: the estimate says {}", c.resource, whose,
                                     to_text(*before), to_text(*after), to_text(c.estimate.value)));
}

/// Says what is new in `settled`. `make_edit` names the place: (side, quantity) -> Edit.
template <class T, class MakeEdit>
void write(const Pair<T>& written, const Pair<T>& settled, const Target<T>& target, MakeEdit make_edit, Outcome& out) {
  const auto moved = [](const std::optional<T>& before, const std::optional<T>& after) {
    return before ? fmt::format(", {} from {}", *after > *before ? "raised" : "lowered", to_text(*before)) : "";
  };
  if (settled.request != written.request) {
    out.changes.push_back({make_edit(workload::Side::Request, to_text(*settled.request)),
                           {},
                           target.request_reason + moved(written.request, settled.request)});
  }
  if (settled.limit != written.limit) {
    const bool keeps_room = written.request && written.limit && settled.limit != settled.request;
    std::string reason = settled.limit == settled.request     ? "equal to the request"
                         : settled.limit == target.pair.limit ? target.limit_reason
                         : keeps_room                         ? "in proportion to the request, as its author has it"
                                                              : target.request_reason;
    out.changes.push_back({make_edit(workload::Side::Limit, to_text(*settled.limit)),
                           {},
                           std::move(reason) + moved(written.limit, settled.limit)});
  }
}

template <class T>
[[nodiscard]] Pair<T> written_in(const workload::Container& container, std::string_view resource) {
  return {amount_in<T>(container.authored(workload::Side::Request, resource)),
          amount_in<T>(container.authored(workload::Side::Limit, resource))};
}

/// Such a number the API server refuses, whatever stands beside it.
[[nodiscard]] inline bool has_negative(const std::vector<workload::Amount>& amounts, std::string_view resource) {
  return std::ranges::any_of(amounts, [&](const workload::Amount& amount) {
    return amount.resource == resource && amount.present.nanos() < 0;
  });
}

template <class T>
[[nodiscard]] config::Authored treatment_of(const Input& input, const Pair<T>& written, T wanted) {
  if (!written.counted()) return config::Authored::Keep;
  return choose_treatment(*written.counted(), wanted, input.settings.resources, input.estimate.confidence);
}

/// Brings one container to `target` as far as `treatment` allows. Returns what stands there then.
template <class T>
Pair<T> bring_to(const Input& input, std::size_t index, std::string_view resource, const config::Sizing<T>& sizing,
                 Target<T> target, config::Authored treatment, Outcome& out) {
  const workload::Container& container = input.workload.containers[index];
  const Pair<T> written = written_in<T>(container, resource);
  if (resource != "ephemeral-storage" && input.workload.is_guaranteed()) {
    // QoS class Guaranteed needs request and limit equal, and a whole number of cpus stays whole (static CPU manager).
    if constexpr (std::is_same_v<T, MilliCpu>) {
      const MilliCpu core(1000);
      if (written.limit && written.limit->rounded_up_to(core) == *written.limit) {
        target.pair.request = target.pair.request->rounded_up_to(core);
      }
    }
    target.pair.limit = target.pair.request;
  }
  Pair<T> settled = settle(written, target.pair, treatment);
  if (treatment == config::Authored::Replace && settled.limit > settled.request) {
    settled.limit = settled.limit->rounded_up_to(sizing.round);
  }
  if (!settled.limit && settled.request && container.is_limit_ranger_default(workload::Side::Limit, resource)) {
    // LimitRanger's default cannot be removed (it would come back): it is lifted to what is needed. Its annotation may
    // be forged and name what is not there.
    const std::optional<T> present = amount_in<T>(container.present(workload::Side::Limit, resource));
    if (present && *present < *settled.request) settled.limit = settled.request;
  }
  const auto make_edit = [&](workload::Side side, std::string quantity) -> Edit {
    return SetAmount{index, side, std::string(resource), std::move(quantity)};
  };
  write(written, settled, target, make_edit, out);
  return settled;
}

/// Sizes `c` of the whole pod: where its author speaks of the whole pod, else divided among its containers. `own` is
/// what the scheduler will count of the containers that have an estimate of their own.
template <class T>
void size_whole_pod(const Input& input, const Case<T>& c, const std::vector<std::optional<T>>& own, Outcome& out);

}  // namespace plimsoll::plan::rules
