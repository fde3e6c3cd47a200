#include "plimsoll/kube/registration.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>

#include "match_conditions.hpp"
#include "plimsoll/base/base64.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/json/writer.hpp"

namespace plimsoll::kube {
namespace {

using json::Pointer;
using json::View;
using json::Writer;

struct Subject {
  std::string_view webhook;
  Kind kind;
};

struct Configuration {
  std::string_view name;
  std::string_view kind;
  std::string_view resource;
  std::string_view path;
  std::vector<std::string> operations;
  std::vector<Subject> subjects;
};
const std::array<Configuration, 3> kMade{Configuration{kJobsConfiguration,
                                                       "MutatingWebhookConfiguration",
                                                       "mutatingwebhookconfigurations",
                                                       "/mutate",
                                                       {"CREATE"},
                                                       {{kJobsWebhook, Kind::Job}, {kObjectsWebhook, Kind::Object}}},
                                         Configuration{kPodsConfiguration,
                                                       "MutatingWebhookConfiguration",
                                                       "mutatingwebhookconfigurations",
                                                       "/mutate",
                                                       {"CREATE"},
                                                       {{kPodsWebhook, Kind::Pod}}},
                                         Configuration{kValidatingConfiguration,
                                                       "ValidatingWebhookConfiguration",
                                                       "validatingwebhookconfigurations",
                                                       "/validate",
                                                       {"CREATE", "UPDATE"},
                                                       {{kValidatingWebhook, Kind::Validated}}}};

// In the order of this table: a namespace is in one of them at most.
struct Entry {
  std::string_view prefix;  // of the webhook's name
  std::string_view path;    // behind the other: the API server takes no query there (validation.ValidateWebhookService)
  std::string_view operator_;  // on the namespace's label plimsoll.dev/mode
  std::vector<std::string> modes;
};
const std::array<Entry, 2> kEntries{Entry{"", "", "NotIn", {"disabled", "shadow"}},
                                    Entry{"shadow.", "/shadow", "In", {"shadow"}}};

/// What one webhook is sent: groups of the API, each with its resources.
struct Rule {
  std::string group;
  std::vector<std::string> resources;
};

std::vector<Rule> make_rules(const config::Policy& policy, Kind kind) {
  if (kind == Kind::Pod) return {{"", {"pods"}}};
  std::vector<Rule> rules;
  for (const config::KindRule& rule : policy.kinds) {
    if (!is_sent(rule, kind)) continue;
    auto group = std::ranges::find(rules, rule.group, &Rule::group);
    if (group == rules.end()) group = rules.insert(group, {rule.group, {}});
    group->resources.push_back(rule.resource);
  }
  return rules;
}

constexpr std::string_view kNamespaceLabel = "kubernetes.io/metadata.name";

// Fields of a webhook that are compared as they stand; the others have parts that belong to somebody else.
constexpr std::array<std::string_view, 7> kWholeFields{"rules",          "admissionReviewVersions", "failurePolicy",
                                                       "timeoutSeconds", "reinvocationPolicy",      "sideEffects",
                                                       "matchPolicy"};

void write_texts(Writer& w, std::string_view key, const std::vector<std::string>& texts) {
  w.key(key).begin_array();
  for (const std::string& text : texts) w.value(text);
  w.end_array();
}

/// The address of `path`, where `url` is that of /mutate.
std::string address_of(std::string url, std::string_view path) {
  constexpr std::string_view kMutate = "/mutate";
  if (path != kMutate && url.ends_with(kMutate)) url.resize(url.size() - kMutate.size());
  return path == kMutate ? url : url + std::string(path);
}

void write_client_config(Writer& w, std::string_view path, const Entry& entry, const RegistrationOptions& options) {
  w.key("clientConfig").begin_object();
  if (options.url.empty()) {
    w.key("service").begin_object();
    w.member("name", options.service_name).member("namespace", options.service_namespace);
    w.member("path", std::string(path) + std::string(entry.path)).member("port", options.service_port).end_object();
  } else {
    w.member("url", address_of(options.url, path) + std::string(entry.path));
  }
  if (!options.authority_pem.empty()) w.member("caBundle", encode_base64(options.authority_pem));
  w.end_object();
}

void write_namespace_selector(Writer& w, const Entry& entry, const config::Policy& policy,
                              const RegistrationOptions& options) {
  std::vector<std::string> skipped = policy.skip_namespaces;
  // A webhook that stands in the way of its own server's Pods could never come back with failurePolicy Fail.
  if (options.url.empty() && std::ranges::find(skipped, options.service_namespace) == skipped.end())
    skipped.push_back(options.service_namespace);
  w.key("namespaceSelector").begin_object().key("matchExpressions").begin_array();
  if (!skipped.empty()) {
    w.begin_object().member("key", kNamespaceLabel).member("operator", "NotIn");
    write_texts(w, "values", skipped);
    w.end_object();
  }
  w.begin_object().member("key", "plimsoll.dev/mode").member("operator", entry.operator_);
  write_texts(w, "values", entry.modes);
  w.end_object().end_array().end_object();
}

void write_rules(Writer& w, const std::vector<Rule>& rules, const std::vector<std::string>& operations) {
  w.key("rules").begin_array();
  for (const Rule& rule : rules) {
    // Of Kubernetes' own groups the version is known; of others the templates' places hold for every one so far.
    const bool is_known = rule.group.find('.') == std::string::npos;
    w.begin_object();
    write_texts(w, "apiGroups", {rule.group});
    write_texts(w, "apiVersions", {is_known ? "v1" : "*"});
    write_texts(w, "resources", rule.resources);
    write_texts(w, "operations", operations);
    w.member("scope", "Namespaced").end_object();
  }
  w.end_array();
}

void write_webhook(Writer& w, const Configuration& configuration, const Subject& subject, const Entry& entry,
                   const config::Policy& policy, const RegistrationOptions& options) {
  w.begin_object().member("name", std::string(entry.prefix) + std::string(subject.webhook));
  write_client_config(w, configuration.path, entry, options);
  write_rules(w, make_rules(policy, subject.kind), configuration.operations);
  write_texts(w, "admissionReviewVersions", {"v1", "v1beta1"});
  w.member("failurePolicy", options.failure_policy == FailurePolicy::Fail ? "Fail" : "Ignore");
  w.member("timeoutSeconds", options.timeout_seconds);
  // Whoever validates is called once, at the end.
  if (subject.kind != Kind::Validated) w.member("reinvocationPolicy", "IfNeeded");
  w.member("sideEffects", "None").member("matchPolicy", "Equivalent");
  write_namespace_selector(w, entry, policy, options);
  if (const auto conditions = make_match_conditions(policy, subject.kind); !conditions.empty()) {
    w.key("matchConditions").begin_array();
    for (const MatchCondition& condition : conditions)
      w.begin_object().member("name", condition.name).member("expression", condition.expression).end_object();
    w.end_array();
  }
  w.end_object();
}

// The webhooks that are sent anything, each in both its entries.
template <class Visit>
void for_each_webhook(const Configuration& configuration, const config::Policy& policy, Visit visit) {
  for (const Subject& subject : configuration.subjects) {
    if (make_rules(policy, subject.kind).empty()) continue;
    for (const Entry& entry : kEntries) visit(subject, entry);
  }
}

Registration make_registration(const Configuration& configuration, const config::Policy& policy,
                               const RegistrationOptions& options) {
  Registration made{configuration.resource, std::string(configuration.name), {}, {}};
  Writer w;
  w.begin_object().member("apiVersion", "admissionregistration.k8s.io/v1").member("kind", configuration.kind);
  w.key("metadata").begin_object().member("name", configuration.name);
  w.key("labels").begin_object().member("app.kubernetes.io/name", "plimsoll").end_object().end_object();
  w.key("webhooks").begin_array();
  for_each_webhook(configuration, policy, [&](const Subject& subject, const Entry& entry) {
    write_webhook(w, configuration, subject, entry, policy, options);
    made.webhooks.push_back(std::string(entry.prefix) + std::string(subject.webhook));
  });
  w.end_array().end_object();
  made.object = std::move(w).take();
  return made;
}

std::string text_of(View view) {
  return view ? json::write(view) : std::string();
}

/// Where in a list the object stands whose `field` is `text`.
std::optional<std::size_t> find_element(View list, std::string_view field, std::string_view text) {
  std::size_t at = 0;
  for (const View element : list.elements()) {
    if (element[field].text() == text) return at;
    ++at;
  }
  return std::nullopt;
}

std::set<std::string> to_set(View texts) {
  std::set<std::string> set;
  for (const View text : texts.elements()) set.emplace(text.text().value_or(std::string_view()));
  return set;
}

/// The certificates of a bundle, each without the white space that PEM does not care about.
std::set<std::string> to_certificates(std::string_view pem) {
  constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
  constexpr std::string_view kEnd = "-----END CERTIFICATE-----";
  std::set<std::string> certificates;
  while (true) {
    const std::size_t begin = pem.find(kBegin);
    if (begin == std::string_view::npos) return certificates;
    pem.remove_prefix(begin + kBegin.size());
    std::string body(pem.substr(0, pem.find(kEnd)));
    std::erase_if(body, [](unsigned char c) { return std::isspace(c) != 0; });
    certificates.insert(std::move(body));
  }
}

bool is_same_bundle(View encoded, std::string_view authority_pem) {
  const auto pem = decode_base64(encoded.text().value_or(std::string_view()));
  return pem && to_certificates(*pem) == to_certificates(authority_pem);
}

/// Collects what differs in one webhook.
class Comparison {
 public:
  Comparison(View live, View wanted, Pointer at) : live_(live), wanted_(wanted), at_(std::move(at)) {}

  std::vector<Difference> run() {
    for (const std::string_view field : {"service", "url"})
      compare(at_ / "clientConfig" / field, live_["clientConfig"][field], wanted_["clientConfig"][field]);
    for (const std::string_view field : kWholeFields) compare(at_ / field, live_[field], wanted_[field]);
    compare_selector();
    compare_conditions();
    return std::move(found_);
  }

 private:
  void compare(const Pointer& at, View is, View wanted) {
    if (is && wanted ? is == wanted : !is && !wanted) return;
    found_.push_back({at, text_of(is), text_of(wanted)});
  }

  void compare_selector() {
    const Pointer at = at_ / "namespaceSelector";
    const View wanted = wanted_["namespaceSelector"]["matchExpressions"];
    const View live = live_["namespaceSelector"]["matchExpressions"];
    if (!live.is_array()) {
      const View selector = live_["namespaceSelector"];
      if (!selector.is_object()) return compare(at, selector, wanted_["namespaceSelector"]);
      return compare(at / "matchExpressions", live, wanted);
    }
    for (const View expression : wanted.elements()) {
      const auto place = find_element(live, "key", expression["key"].text().value_or(std::string_view()));
      if (!place) {
        found_.push_back({at / "matchExpressions" / "-", "", text_of(expression)});
        continue;
      }
      const View is = live[*place];
      if (is["operator"] == expression["operator"] && to_set(is["values"]) == to_set(expression["values"])) continue;
      found_.push_back({at / "matchExpressions" / *place, text_of(is), text_of(expression)});
    }
  }

  void compare_conditions() {
    const Pointer at = at_ / "matchConditions";
    const View wanted = wanted_["matchConditions"];
    const View live = live_["matchConditions"];
    if (!live.is_array()) {
      if (wanted) found_.push_back({at, text_of(live), text_of(wanted)});
      return;
    }
    for (const View condition : wanted.elements()) {
      const auto place = find_element(live, "name", condition["name"].text().value_or(std::string_view()));
      if (place) {
        compare(at / *place, live[*place], condition);
      } else {
        found_.push_back({at / "-", "", text_of(condition)});
      }
    }
    for (std::size_t i = 0; i < live.size(); ++i) {
      const auto name = live[i]["name"].text().value_or(std::string_view());
      const bool is_ours = std::ranges::find(kConditionNames, name) != kConditionNames.end();
      if (is_ours && !find_element(wanted, "name", name)) found_.push_back({at / i, text_of(live[i]), ""});
    }
  }

  View live_;
  View wanted_;
  Pointer at_;
  std::vector<Difference> found_;
};

void write_operation(Writer& w, std::string_view op, const Pointer& at, std::string_view value) {
  w.begin_object().member("op", op).member("path", at.text());
  if (!value.empty()) w.key("value").raw(value);
  w.end_object();
}

}  // namespace

std::vector<Registration> make_registrations(const config::Policy& policy, const RegistrationOptions& options) {
  std::vector<Registration> registrations;
  for (const Configuration& configuration : kMade) {
    registrations.push_back(make_registration(configuration, policy, options));
  }
  return registrations;
}

bool is_kept_by_cert_manager(View live) {
  const View annotations = live["metadata"]["annotations"];
  return std::ranges::any_of(
      std::array<std::string_view, 3>{"cert-manager.io/inject-ca-from", "cert-manager.io/inject-ca-from-secret",
                                      "cert-manager.io/inject-apiserver-ca"},
      [&](std::string_view key) { return static_cast<bool>(annotations[key]); });
}

std::vector<Difference> find_bundle_differences(View live, const std::vector<std::string>& webhooks,
                                                std::string_view authority_pem) {
  std::vector<Difference> found;
  if (is_kept_by_cert_manager(live)) return found;
  for (const std::string& webhook : webhooks) {
    const auto place = find_element(live["webhooks"], "name", webhook);
    if (!place) continue;
    const View is = live["webhooks"][*place]["clientConfig"]["caBundle"];
    if (is && is_same_bundle(is, authority_pem)) continue;
    const Pointer at = Pointer("/webhooks") / *place / "clientConfig" / "caBundle";
    found.push_back({at, text_of(is), '"' + encode_base64(authority_pem) + '"'});
  }
  return found;
}

std::vector<Difference> find_differences(View live, View wanted) {
  const View live_webhooks = live["webhooks"];
  if (!live_webhooks.is_array()) return {{Pointer("/webhooks"), text_of(live_webhooks), text_of(wanted["webhooks"])}};
  std::vector<Difference> found;
  for (const View webhook : wanted["webhooks"].elements()) {
    const std::string name(webhook["name"].text().value_or(std::string_view()));
    const auto place = find_element(live_webhooks, "name", name);
    if (!place) {
      found.push_back({Pointer("/webhooks") / "-", "", text_of(webhook)});
      continue;
    }
    for (Difference& difference : Comparison(live_webhooks[*place], webhook, Pointer("/webhooks") / *place).run()) {
      found.push_back(std::move(difference));
    }
    const auto bundle = decode_base64(webhook["clientConfig"]["caBundle"].text().value_or(std::string_view()));
    if (!bundle || bundle->empty()) continue;
    for (Difference& difference : find_bundle_differences(live, {name}, *bundle))
      found.push_back(std::move(difference));
  }
  return found;
}

std::string write_repair(View live, const std::vector<Difference>& differences) {
  Writer w;
  w.begin_array();
  // The version stands for all that was read. Tests of the values themselves would have to be written as Go escapes
  // them, for the API server compares strings by their JSON text.
  write_operation(w, "test", Pointer("/metadata/resourceVersion"), json::write(live["metadata"]["resourceVersion"]));
  for (const Difference& difference : differences)
    if (!difference.wanted.empty())
      write_operation(w, difference.is.empty() ? "add" : "replace", difference.at, difference.wanted);
  // From behind, so that no removal moves what another one means.
  for (auto difference = differences.rbegin(); difference != differences.rend(); ++difference)
    if (difference->wanted.empty()) write_operation(w, "remove", difference->at, "");
  w.end_array();
  return std::move(w).take();
}

namespace {

void find_misfits_of(View webhook, View live, std::vector<std::string>& misfits) {
  const std::string name(webhook["name"].text().value_or(std::string_view()));
  const auto place = find_element(live["webhooks"], "name", name);
  if (!place) {
    misfits.push_back("it has no webhook " + name + ", so nothing is sent to it");
    return;
  }
  const View is = live["webhooks"][*place];
  for (const Difference& difference : Comparison(is, webhook, Pointer()).run()) {
    const std::string field = difference.at.tokens().front();
    if (field == "rules") misfits.push_back("its rules ask for other objects than " + text_of(webhook["rules"]));
    if (field != "matchConditions" || difference.is.empty()) continue;
    const std::string condition(is.at(difference.at)["name"].text().value_or(std::string_view()));
    misfits.push_back("its matchCondition " + condition +
                      " is not the policy's, so objects that the policy has rules for may not be sent");
  }
  const View live_selector = is["namespaceSelector"]["matchExpressions"];
  const auto spared = find_element(live_selector, "key", kNamespaceLabel);
  if (!spared || live_selector[*spared]["operator"].text() != "NotIn") return;
  std::set<std::string> expected;
  for (const View expression : webhook["namespaceSelector"]["matchExpressions"].elements())
    if (expression["key"].text() == kNamespaceLabel) expected = to_set(expression["values"]);
  expected.emplace(is["clientConfig"]["service"]["namespace"].text().value_or(std::string_view()));
  for (const std::string& name_space : to_set(live_selector[*spared]["values"]))
    if (!expected.contains(name_space))
      misfits.push_back("its namespaceSelector leaves out " + to_display(name_space) + ", which the policy does not");
}

}  // namespace

std::vector<std::string> find_misfits(View live, View wanted) {
  std::vector<std::string> misfits;
  for (const View webhook : wanted["webhooks"].elements()) find_misfits_of(webhook, live, misfits);
  // Both webhooks have the same conditions: once told is enough.
  for (std::size_t i = 0; i < misfits.size(); ++i) {
    misfits.erase(std::remove(misfits.begin() + static_cast<std::ptrdiff_t>(i) + 1, misfits.end(), misfits[i]),
                  misfits.end());
  }
  return misfits;
}

}  // namespace plimsoll::kube
