// Requests and limits from the estimate.
//
// The target is the estimate, with the policy's margin on memory and storage, rounded and kept within the policy's
// range. What the author wrote stays (`authored: keep`) or rises together with the target (`raise`), never falls.
// Whatever comes out, a request never exceeds its limit.

#include <fmt/format.h>

#include <algorithm>

#include "../rule.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::plan::rules {
namespace {

using estimate::Origin;
using workload::Container;
using workload::Side;

Result<MilliCpu> amount_of(const Quantity& quantity, MilliCpu /*kind*/) {
  return to_milli_cpu(quantity);
}
Result<Bytes> amount_of(const Quantity& quantity, Bytes /*kind*/) {
  return to_bytes(quantity);
}

// One resource of one container on its way to a decision.
template <class T>
struct Case {
  std::string_view resource;
  const estimate::Sized<T>& estimate;
  const config::Sizing<T>& sizing;
  std::optional<Ratio> margin;
  T floor{};
};

// What the policy asks for, whatever stands there; a limit where it wants one.
template <class T>
struct Target {
  T request{};
  std::optional<T> limit;
  std::string request_reason;
  std::string limit_reason;
};

template <class T>
struct Pair {
  std::optional<T> request;
  std::optional<T> limit;
};

std::string_view to_word(config::Confidence confidence) {
  return confidence == config::Confidence::High ? "high" : confidence == config::Confidence::Low ? "low" : "medium";
}

void set(std::size_t container, Side side, std::string_view resource, std::string quantity, std::string reason,
         Outcome& out) {
  out.changes.push_back(
      {SetAmount{container, side, std::string(resource), std::move(quantity)}, {}, std::move(reason)});
}

template <class T>
std::optional<T> amount_in(const std::optional<Quantity>& quantity) {
  if (!quantity) return std::nullopt;
  const auto amount = amount_of(*quantity, T{});
  return amount ? std::optional(*amount) : std::nullopt;
}

std::string times(Ratio ratio, std::string_view what) {
  return ratio.thousandths() == 1000 ? "" : fmt::format(" x {} ({})", to_text(ratio), what);
}

template <class T>
Target<T> make_target(const Input& input, const Case<T>& c, std::string_view container, Outcome& out) {
  T needed = c.estimate.value;
  std::string why = fmt::format("estimate {}", to_text(needed));
  if (c.margin) {
    needed = needed.scaled(*c.margin);
    why += times(*c.margin, fmt::format("{} confidence", to_word(input.estimate.confidence)));
  }
  Target<T> target;
  target.request = needed.scaled(c.sizing.request).rounded_up_to(c.sizing.round);
  target.request_reason = why + times(c.sizing.request, "request");
  if (target.request < c.sizing.min) {
    target.request = c.sizing.min;
    target.request_reason += fmt::format(", at least {}", to_text(c.sizing.min));
  }
  if (target.request > c.sizing.max) {
    target.request = c.sizing.max;
    target.request_reason += fmt::format(", at most {}", to_text(c.sizing.max));
    out.warnings.push_back(fmt::format("{} of container {} is held at the policy's maximum {}", c.resource, container,
                                       to_text(c.sizing.max)));
  }
  if (target.request < c.floor) {
    target.request = c.floor.rounded_up_to(c.sizing.round);
    target.request_reason += ", at least memory-backed volumes and heap";
  }
  if (target.request != c.estimate.value) target.request_reason += fmt::format(" = {}", to_text(target.request));
  if (c.sizing.limit) {
    const T limit = std::min(needed.scaled(*c.sizing.limit).rounded_up_to(c.sizing.round), c.sizing.max);
    target.limit = std::max(limit, target.request);
    target.limit_reason = fmt::format("{}{} = {}", why, times(*c.sizing.limit, "limit"), to_text(*target.limit));
  }
  return target;
}

// What shall stand there: what the author wrote, raised where the policy says so, and what is missing.
template <class T>
Pair<T> settle(const Pair<T>& written, const Target<T>& target, config::Authored authored) {
  const bool raise = authored == config::Authored::Raise;
  Pair<T> settled = written;
  if (!written.request && written.limit) {
    // A template holds only the limit; the Pod's request will be its copy.
    if (raise) settled.limit = std::max(*written.limit, target.request);
    return settled;
  }
  settled.request = written.request.value_or(target.request);
  if (raise) settled.request = std::max(*settled.request, target.request);
  if (!written.limit) {
    if (target.limit) settled.limit = std::max(*target.limit, *settled.request);
  } else if (raise) {
    settled.limit = std::max({*written.limit, *settled.request, target.limit.value_or(T{})});
  }
  return settled;
}

// The author's number stands although the estimate says that it will not do.
template <class T>
void warn_of_conflict(const Pair<T>& written, const Pair<T>& settled, const Case<T>& c, std::string_view container,
                      Outcome& out) {
  const auto falls_short = [&](const std::optional<T>& before, const std::optional<T>& after) {
    return before && before == after && *after < c.estimate.value;
  };
  const bool limit = falls_short(written.limit, settled.limit);
  if (!limit && !falls_short(written.request, settled.request)) return;
  out.warnings.push_back(fmt::format("{} {} {} of container {} is below the estimate {}", c.resource,
                                     limit ? "limit" : "request", to_text(limit ? *settled.limit : *settled.request),
                                     container, to_text(c.estimate.value)));
}

template <class T>
void size(const Input& input, std::size_t index, const Case<T>& c, Outcome& out) {
  const Container& container = input.workload.containers[index];
  const bool is_negative = std::ranges::any_of(container.amounts, [&](const workload::Amount& amount) {
    return amount.resource == c.resource && amount.present.nanos() < 0;
  });
  if (is_negative) return;  // the API server refuses it, whatever stands beside it
  const std::string name = to_display(container.name);
  const Pair<T> written{amount_in<T>(container.authored(Side::Request, c.resource)),
                        amount_in<T>(container.authored(Side::Limit, c.resource))};
  Target<T> target = make_target(input, c, name, out);
  if (c.resource != "ephemeral-storage" && input.workload.is_guaranteed()) {
    // QoS class Guaranteed needs request and limit equal, and a whole number of cpus stays whole (static CPU manager).
    if constexpr (std::is_same_v<T, MilliCpu>) {
      const MilliCpu core(1000);
      if (written.limit && written.limit->rounded_up_to(core) == *written.limit) {
        target.request = target.request.rounded_up_to(core);
      }
    }
    target.limit = target.request;
  }
  Pair<T> settled = settle(written, target, input.settings.resources.authored);
  if (!settled.limit && settled.request && container.is_limit_ranger_default(Side::Limit, c.resource)) {
    // LimitRanger's default cannot be removed (it would come back): it is lifted to what is needed. Its annotation may
    // be forged and name what is not there.
    const std::optional<T> present = amount_in<T>(container.present(Side::Limit, c.resource));
    if (present && *present < *settled.request) settled.limit = settled.request;
  }
  warn_of_conflict(written, settled, c, name, out);

  const auto raised_from = [](const std::optional<T>& before) {
    return before ? fmt::format(", raised from {}", to_text(*before)) : "";
  };
  if (settled.request != written.request) {
    set(index, Side::Request, c.resource, to_text(*settled.request),
        target.request_reason + raised_from(written.request), out);
  }
  if (settled.limit != written.limit) {
    std::string reason = settled.limit == settled.request ? "equal to the request"
                         : settled.limit == target.limit  ? target.limit_reason
                                                          : target.request_reason;
    set(index, Side::Limit, c.resource, to_text(*settled.limit), std::move(reason) + raised_from(written.limit), out);
  }
}

}  // namespace

void resources(const Input& input, Outcome& out) {
  const config::Resources& policy = input.settings.resources;
  const Ratio margin = policy.margin.of(input.estimate.confidence);
  if (const auto why = input.foreign_sizing) {
    out.warnings.push_back(fmt::format("resources are left alone: {}", *why));
    return;
  }
  for (std::size_t i = 0; i < input.workload.containers.size(); ++i) {
    if (!input.wanted_containers.empty() && !input.wanted_containers[i]) continue;
    const estimate::ContainerEstimate& estimate = input.estimate.containers[i];
    const auto is_wanted = [&](const auto& sized, std::string_view resource) {
      if (!sized || sized->origin.source != Origin::Source::Annotation) return false;
      if (!input.workload.has_pod_level(resource)) return true;
      out.warnings.push_back(fmt::format("{} is left alone: spec.resources sets it for the whole pod", resource));
      return false;
    };
    if (is_wanted(estimate.cpu, "cpu")) {
      size<MilliCpu>(input, i, {"cpu", *estimate.cpu, policy.cpu, std::nullopt, {}}, out);
    }
    if (is_wanted(estimate.memory, "memory")) {
      const Bytes floor = memory_floor(input.workload, input.workload.containers[i]);
      size<Bytes>(input, i, {"memory", *estimate.memory, policy.memory, margin, floor}, out);
    }
    if (is_wanted(estimate.ephemeral_storage, "ephemeral-storage")) {
      size<Bytes>(input, i, {"ephemeral-storage", *estimate.ephemeral_storage, policy.ephemeral_storage, margin, {}},
                  out);
    }
  }
}

}  // namespace plimsoll::plan::rules

namespace plimsoll::plan {

Plan make_limit_repair(const workload::Workload& workload) {
  Plan plan;
  for (std::size_t i = 0; i < workload.containers.size(); ++i) {
    const workload::Container& container = workload.containers[i];
    for (const workload::Container::Defaulted& defaulted : container.defaulted) {
      if (defaulted.side != workload::Side::Limit) continue;
      const auto limit = container.present(workload::Side::Limit, defaulted.resource);
      const auto request = container.present(workload::Side::Request, defaulted.resource);
      if (!limit || !request || *request <= *limit) continue;
      plan.changes.push_back({SetAmount{i, workload::Side::Limit, std::string(defaulted.resource), to_text(*request)},
                              "resources", fmt::format("LimitRange default {} is below the request", to_text(*limit))});
    }
  }
  return plan;
}

}  // namespace plimsoll::plan
