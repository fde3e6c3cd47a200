// The webhook configurations that a policy needs, two that mutate and one that validates: made from it, compared with
// what the cluster has, and mended.
//
// manifests/webhook-configurations.yaml shows them with the reasons, and a test holds it to this. matchConditions keep
// back what the policy would skip anyway, as an object that is not sent costs no call at all; so they have to follow
// the policy, or a rule of it can never fire.
//
// What is compared and mended is ours alone: the webhook of our name and the fields below. Webhooks, matchConditions
// and selector expressions of other names stay as they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/config/policy.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/json/pointer.hpp"

namespace plimsoll::kube {

/// What happens to an object when no answer is to be had.
enum class FailurePolicy { Ignore, Fail };

struct RegistrationOptions {
  std::string service_name = "plimsoll";
  std::string service_namespace = "plimsoll-system";
  std::uint16_t service_port = 443;
  /// Instead of the Service, for a server outside the cluster: the address that ends in /mutate; the other paths are
  /// put in its place.
  std::string url = {};
  /// PEM; empty: the caBundle is not ours to say.
  std::string authority_pem = {};
  std::int64_t timeout_seconds = 2;
  FailurePolicy failure_policy = FailurePolicy::Ignore;
};

/// One MutatingWebhookConfiguration or ValidatingWebhookConfiguration.
struct Registration {
  std::string_view resource;  ///< "mutatingwebhookconfigurations" ...
  std::string name;
  std::vector<std::string> webhooks;  ///< their names: one that carries decisions out, one that tells them
  std::string object;                 ///< the whole object, as compact JSON
};

/// 00-plimsoll-jobs, zz-plimsoll-pods and plimsoll-validate. Deterministic.
[[nodiscard]] std::vector<Registration> make_registrations(const config::Policy& policy,
                                                           const RegistrationOptions& options = {});

/// Their names, for whoever looks for them without a policy.
inline constexpr std::string_view kJobsConfiguration = "00-plimsoll-jobs";
inline constexpr std::string_view kPodsConfiguration = "zz-plimsoll-pods";
inline constexpr std::string_view kValidatingConfiguration = "plimsoll-validate";
inline constexpr std::string_view kConfigurations[] = {kJobsConfiguration, kPodsConfiguration,
                                                       kValidatingConfiguration};
inline constexpr std::string_view kJobsWebhook = "jobs.plimsoll.dev";
inline constexpr std::string_view kObjectsWebhook = "objects.plimsoll.dev";
inline constexpr std::string_view kPodsWebhook = "pods.plimsoll.dev";
inline constexpr std::string_view kValidatingWebhook = "validate.plimsoll.dev";

/// One place at which the cluster has something else.
struct Difference {
  json::Pointer at;    ///< ends in `-` where a list lacks an element
  std::string is;      ///< JSON; empty: nothing
  std::string wanted;  ///< JSON; empty: nothing

  bool operator==(const Difference&) const = default;
};

/// What would have to change in `live` for it to say what `wanted`, an object of make_registrations(), says. The
/// caBundle only when `wanted` has one and cert-manager does not keep it.
[[nodiscard]] std::vector<Difference> find_differences(json::View live, json::View wanted);

/// What would have to change for `webhooks` to trust `authority_pem` and nobody else: at most one place in each.
/// Nothing where cert-manager keeps the field, where there is no such webhook, or where the same certificates stand in
/// other order.
[[nodiscard]] std::vector<Difference> find_bundle_differences(json::View live, const std::vector<std::string>& webhooks,
                                                              std::string_view authority_pem);

/// Whether cert-manager has been told to keep the caBundle.
[[nodiscard]] bool is_kept_by_cert_manager(json::View live);

/// The JSON patch that removes `differences`. It begins with a test of the version that was read, so that it does
/// nothing when somebody has written since. Requires: `live` is what they were found in.
[[nodiscard]] std::string write_repair(json::View live, const std::vector<Difference>& differences);

/// What keeps objects from being sent that the policy has something to say about, a sentence each; empty: all is well.
/// That more is sent than needed costs calls and is no misfit.
[[nodiscard]] std::vector<std::string> find_misfits(json::View live, json::View wanted);

}  // namespace plimsoll::kube
