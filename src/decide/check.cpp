#include "check.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include "plimsoll/json/pointer.hpp"
#include "plimsoll/workload/effective_requests.hpp"

namespace plimsoll::decide {
namespace {

using workload::Container;
using workload::Side;

// Resources outside Kubernetes' own domain, and huge pages, cannot be overcommitted: request and limit are one number.
bool is_overcommittable(std::string_view resource) {
  if (resource.starts_with("hugepages-")) return false;
  return resource.find('/') == std::string_view::npos || resource.find("kubernetes.io/") != std::string_view::npos;
}

void check_container(const Container& container, std::set<std::string>& violations) {
  const auto violate = [&](const std::string& rule) {
    violations.insert(json::to_field_path(container.path / "resources") + ": " + rule);
  };
  for (const workload::Amount& amount : container.amounts) {
    const std::string resource(amount.resource);
    if (amount.present.nanos() < 0) violate(resource + " is negative");
    const bool is_extended = resource.find('/') != std::string::npos && is_overcommittable(resource) == false;
    if (is_extended && !amount.present.is_whole()) violate(resource + " is not whole");
    if (amount.side != Side::Request) continue;
    const auto limit = container.present(Side::Limit, amount.resource);
    if (limit && amount.present > *limit) violate("request of " + resource + " exceeds its limit");
    if (!is_overcommittable(resource) && (!limit || amount.present != *limit)) {
      violate("request and limit of " + resource + " differ");
    }
  }
}

// Source: pkg/apis/core/validation/validation.go, validatePodResourceConsistency.
void check_pod_level(const workload::Workload& workload, std::set<std::string>& violations) {
  if (workload.pod_amounts.empty()) return;
  const auto violate = [&](const std::string& rule) { violations.insert("spec.resources: " + rule); };
  const std::vector<workload::Need> asked = workload::container_requests(workload);
  std::map<std::string_view, Quantity> limits;
  for (const workload::Amount& amount : workload.pod_amounts) {
    if (amount.present.nanos() < 0) violate(std::string(amount.resource) + " is negative");
    if (amount.side == Side::Limit) limits.emplace(amount.resource, amount.present);
  }
  for (const workload::Amount& amount : workload.pod_amounts) {
    if (amount.side != Side::Request) continue;
    const std::string resource(amount.resource);
    const auto sum = std::ranges::lower_bound(asked, amount.resource, {}, &workload::Need::resource);
    if (sum != asked.end() && sum->resource == amount.resource && sum->quantity > amount.present) {
      violate("containers ask for more " + resource + " than the pod");
    }
    const auto limit = limits.find(amount.resource);
    if (limit != limits.end() && amount.present > limit->second) {
      violate("request of " + resource + " exceeds its limit");
    }
  }
  for (const Container& container : workload.containers) {
    for (const workload::Amount& amount : container.amounts) {
      if (container.role != Container::Role::App || amount.side != Side::Limit) continue;
      const auto limit = limits.find(amount.resource);
      if (limit != limits.end() && amount.present > limit->second) {
        violate("a container's limit of " + std::string(amount.resource) + " exceeds the pod's");
      }
    }
  }
}

void check_claims(const workload::Workload& workload, std::set<std::string>& violations) {
  std::set<std::string_view> claims;
  for (const json::View claim : workload.pod_spec["resourceClaims"].elements()) {
    claims.insert(claim["name"].text().value_or(""));
  }
  for (const Container& container : workload.containers) {
    for (const json::View claim : container.view["resources"]["claims"].elements()) {
      if (claims.contains(claim["name"].text().value_or(""))) continue;
      violations.insert(json::to_field_path(container.path / "resources" / "claims") +
                        ": a claim that the pod has not");
    }
  }
}

}  // namespace

std::set<std::string> find_violations(const workload::Workload& workload) {
  std::set<std::string> violations;
  for (const Container& container : workload.containers) check_container(container, violations);
  check_pod_level(workload, violations);
  check_claims(workload, violations);
  const json::View deadline = workload.pod_spec["activeDeadlineSeconds"];
  if (deadline && !deadline.is_null()) {
    const auto seconds = deadline.integer();
    if (!seconds || *seconds < 1 || *seconds > 2147483647)
      violations.insert("spec.activeDeadlineSeconds is out of range");
  }
  const json::View job_deadline = workload.job_spec["activeDeadlineSeconds"];
  if (job_deadline && !job_deadline.is_null() && job_deadline.integer().value_or(0) < 1) {
    violations.insert("the Job's spec.activeDeadlineSeconds is out of range");
  }
  const json::View required =
      workload.pod_spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
  if (required.is_object() && required["nodeSelectorTerms"].size() == 0) {
    violations.insert("spec.affinity.nodeAffinity: a requirement has no term");
  }
  return violations;
}

}  // namespace plimsoll::decide
