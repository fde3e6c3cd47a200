// Requests and limits from the estimate.
//
// The target is the estimate, with the policy's margin on memory and storage, rounded and kept within the policy's
// range. What the author wrote stays (`authored: keep`) or rises together with the target (`raise`), never falls.
// Whatever comes out, a request never exceeds its limit.

#include <fmt/format.h>

#include <algorithm>

#include "../rule.hpp"

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

struct Targets {
  std::optional<Quantity> request;
  std::optional<Quantity> limit;
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
std::optional<T> authored(const Container& container, Side side, std::string_view resource) {
  const auto quantity = container.authored(side, resource);
  if (!quantity) return std::nullopt;
  const auto amount = amount_of(*quantity, T{});
  return amount ? std::optional(*amount) : std::nullopt;
}

template <class T>
void size(const Input& input, std::size_t index, const Case<T>& c, Outcome& out) {
  const Container& container = input.workload.containers[index];
  const bool guaranteed = input.workload.is_guaranteed();

  // What the policy wants.
  T target = c.margin ? c.estimate.value.scaled(*c.margin) : c.estimate.value;
  std::string why = fmt::format("estimate {}", to_text(c.estimate.value));
  if (c.margin && c.margin->thousandths() != 1000) {
    why += fmt::format(" x {} ({} confidence)", to_text(*c.margin), to_word(input.estimate.confidence));
  }
  const T unscaled = target;
  target = target.scaled(c.sizing.request);
  if (c.sizing.request.thousandths() != 1000) why += fmt::format(" x {} (request)", to_text(c.sizing.request));
  target = target.rounded_up_to(c.sizing.round);
  if (target < c.sizing.min) {
    target = c.sizing.min;
    why += fmt::format(", at least {}", to_text(c.sizing.min));
  }
  if (target > c.sizing.max) {
    target = c.sizing.max;
    why += fmt::format(", at most {}", to_text(c.sizing.max));
    out.warnings.push_back(fmt::format("{} of container {} is held at the policy's maximum {}", c.resource,
                                       container.name, to_text(c.sizing.max)));
  }
  if (target < c.floor) {
    target = c.floor.rounded_up_to(c.sizing.round);
    why += ", at least memory-backed volumes and heap";
  }
  if (target != c.estimate.value) why += fmt::format(" = {}", to_text(target));
  std::optional<T> target_limit;
  if (c.sizing.limit) {
    target_limit =
        std::max(std::min(unscaled.scaled(*c.sizing.limit).rounded_up_to(c.sizing.round), c.sizing.max), target);
  }

  // What stands there.
  const std::optional<T> request = authored<T>(container, Side::Request, c.resource);
  const std::optional<T> limit = authored<T>(container, Side::Limit, c.resource);
  const bool raise = input.settings.resources.authored == config::Authored::Raise;

  std::optional<T> new_request;
  std::optional<T> new_limit;
  std::string request_why = why;
  if (request && (!raise || *request >= target)) {
    if (*request < c.estimate.value) {
      out.warnings.push_back(fmt::format("{} request {} of container {} is below the estimate {}", c.resource,
                                         to_text(*request), container.name, to_text(c.estimate.value)));
    }
  } else if (!request && limit && (!raise || *limit >= target)) {
    // A template holds only the limit; the Pod's request will be its copy.
    if (*limit < c.estimate.value) {
      out.warnings.push_back(fmt::format("{} limit {} of container {} is below the estimate {}", c.resource,
                                         to_text(*limit), container.name, to_text(c.estimate.value)));
    }
  } else if (!request && limit) {
    new_limit = target;  // raised; the request stays its copy
  } else {
    new_request = target;
    if (request) request_why += fmt::format(", raised from {}", to_text(*request));
  }
  const T effective_request = new_request ? *new_request : request.value_or(T{});
  if (!limit) {
    if (target_limit) new_limit = std::max(*target_limit, effective_request);
  } else if (new_request && *limit < *new_request) {
    new_limit = std::max(*new_request, target_limit.value_or(T{}));
  } else if (raise && target_limit && *limit < *target_limit && !new_limit) {
    new_limit = target_limit;
  }
  if (guaranteed && (new_request || new_limit)) {
    // QoS class Guaranteed needs request and limit equal, and a whole number of cpus stays whole (static CPU manager).
    T both = std::max(new_request.value_or(T{}), new_limit.value_or(T{}));
    if constexpr (std::is_same_v<T, MilliCpu>) {
      if (limit && limit->count() % 1000 == 0) both = both.rounded_up_to(MilliCpu(1000));
    }
    new_limit = both;
    if (new_request || request) new_request = both;
  }
  // LimitRanger's default cannot be removed (it would come back): it is lifted to what is needed.
  if (container.is_limit_ranger_default(Side::Limit, c.resource) && !new_limit) {
    if (const auto present = container.present(Side::Limit, c.resource)) {
      const auto amount = amount_of(*present, T{});
      if (amount && *amount < effective_request) new_limit = effective_request;
    }
  }
  if (new_request) set(index, Side::Request, c.resource, to_text(*new_request), request_why, out);
  if (new_limit) {
    std::string limit_why = why;
    if (new_request == new_limit) {
      limit_why = "equal to the request";
    } else if (limit) {
      limit_why += fmt::format(", raised from {}", to_text(*limit));
    }
    set(index, Side::Limit, c.resource, to_text(*new_limit), std::move(limit_why), out);
  }
}

}  // namespace

void resources(const Input& input, Outcome& out) {
  const config::Resources& policy = input.settings.resources;
  const Ratio margin = policy.margin.of(input.estimate.confidence);
  if (const auto why = foreign_sizing(input.workload)) {
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
