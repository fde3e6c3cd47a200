#include "plimsoll/workload/effective_requests.hpp"

#include <map>

namespace plimsoll::workload {
namespace {

using Needs = std::map<std::string_view, Quantity>;

Quantity sum(const Quantity& a, const Quantity& b) {
  return Quantity::from_nanos(a.nanos() + b.nanos(), a == Quantity() ? b.format() : a.format());
}

// The API server stores no finer grain than thousandths. Source: pkg/apis/core/v1/defaults.go,
// SetDefaults_ResourceList.
Quantity stored(const Quantity& quantity) {
  constexpr Int128 kGrain = Quantity::kNanosPerUnit / 1000;
  return Quantity::from_nanos((quantity.nanos() + kGrain - 1) / kGrain * kGrain, quantity.format());
}

// What a Height is made of.
struct Total {
  Quantity quantity;
  friend Total operator+(const Total& a, const Total& b) { return {sum(a.quantity, b.quantity)}; }
  friend bool operator<(const Total& a, const Total& b) { return a.quantity < b.quantity; }
};

// Other resources are not for the pod as a whole. Source: IsSupportedPodLevelResource.
bool may_be_pod_level(std::string_view resource) {
  return resource == "cpu" || resource == "memory" || resource.starts_with("hugepages-");
}

// One pass over all amounts: an object may have many, under as many names.
Needs sum_of_containers(const Workload& workload) {
  std::map<std::string_view, Height<Total>> heights;
  for (const Container& container : workload.containers) {
    Needs counted;
    for (const Amount& amount : container.amounts) {
      if (amount.side == Side::Request) counted.try_emplace(amount.resource, amount.present);
    }
    for (const Amount& amount : container.amounts) counted.try_emplace(amount.resource, amount.present);
    for (const auto& [resource, quantity] : counted) heights[resource].add(container.role, {stored(quantity)});
  }
  Needs needs;
  for (const auto& [resource, height] : heights) needs[resource] = height.most().quantity;
  return needs;
}

std::vector<Need> to_list(const Needs& needs) {
  std::vector<Need> list;
  for (const auto& [resource, quantity] : needs) list.push_back({resource, quantity});
  return list;
}

}  // namespace

std::vector<Need> container_requests(const Workload& workload) {
  return to_list(sum_of_containers(workload));
}

std::vector<Need> effective_requests(const Workload& workload) {
  Needs needs = sum_of_containers(workload);
  for (const Amount& amount : workload.pod_amounts) {
    if (!may_be_pod_level(amount.resource)) continue;
    // The limit stands in for a request only where no container has one: DefaultPodLevelResources, pkg/api/pod/util.go.
    if (amount.side == Side::Request) needs[amount.resource] = stored(amount.present);
    if (amount.side == Side::Limit) needs.try_emplace(amount.resource, stored(amount.present));
  }
  for (const json::Member& overhead : workload.pod_spec["overhead"].members()) {
    const auto quantity = parse_quantity(overhead.value.text().value_or(""));
    if (quantity) needs[overhead.key] = sum(needs[overhead.key], *quantity);
  }
  return to_list(needs);
}

}  // namespace plimsoll::workload
