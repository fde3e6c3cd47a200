// What the scheduler takes from a node for a pod, after Kubernetes' own formula.
//
// App containers and sidecars run together; an init container runs beside the sidecars that were started before it.
// The pod asks for the most that is ever needed at one time. What `spec.resources` says for the whole pod goes before
// that, and a RuntimeClass's overhead comes on top.
// Source: KEP-753, "Resources calculation for scheduling and pod admission"; KEP-2837;
// k8s.io/component-helpers/resource/helpers.go, PodRequests and AggregateContainerRequests.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <vector>

#include "plimsoll/units/quantity.hpp"
#include "plimsoll/workload/workload.hpp"

namespace plimsoll::workload {

/// The most that is there at one time, told container by container, in the order in which they stand.
template <class T>
class Height {
 public:
  void add(Container::Role role, const T& amount) {
    switch (role) {
      case Container::Role::App:
        running_ = running_ + amount;
        break;
      case Container::Role::Sidecar:
        sidecars_ = sidecars_ + amount;
        most_ = std::max(most_, sidecars_);
        break;
      case Container::Role::Init:
        most_ = std::max(most_, sidecars_ + amount);
        break;
    }
  }
  [[nodiscard]] T most() const { return std::max(most_, running_ + sidecars_); }

 private:
  T running_{};
  T sidecars_{};
  T most_{};
};

/// The same for a pod whose container `i` has `of(i)`.
template <class T, class Of>
[[nodiscard]] T most_at_once(const std::vector<Container>& containers, Of of) {
  Height<T> height;
  for (std::size_t i = 0; i < containers.size(); ++i) height.add(containers[i].role, of(i));
  return height.most();
}

struct Need {
  std::string_view resource;
  Quantity quantity;
};

/// What a pod made from `workload` as it stands in the object asks for, sorted by resource. What the API server fills
/// in afterwards is taken into account: a request that is not there is a copy of its limit, and one of the whole pod
/// the sum of its containers'.
[[nodiscard]] std::vector<Need> effective_requests(const Workload& workload);

/// The same without overhead and without what is said for the whole pod: what the API server holds the latter against.
[[nodiscard]] std::vector<Need> container_requests(const Workload& workload);

}  // namespace plimsoll::workload
