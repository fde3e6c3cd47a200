#include "webhook/commands/register.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <memory>
#include <vector>

#include "plimsoll/base/text.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/kube/api_client.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "webhook/api_access.hpp"
#include "webhook/compose/registration_watch.hpp"
#include "webhook/input/policy_file.hpp"

namespace plimsoll::webhook {
namespace {

using ErrorKind = kube::ApiError::Kind;

struct RegisterOptions {
  std::string policy_file;  // empty: the built-in policy
  bool print = false;
  bool dry_run = false;
  std::string kubeconfig;
  std::string authority_file;
  std::string failure_policy = "Ignore";
  kube::RegistrationOptions registration;
};

// For a person who waits; the API server answers within milliseconds or is in trouble.
constexpr std::chrono::seconds kPatience{10};

// Others may write between our reading and writing, but not for ever.
constexpr int kMostAttempts = 5;

Report unusable(const std::vector<std::string>& lines) {
  Report report{.out = {}, .err = {}, .exit_code = ExitCode::Unusable};
  for (const std::string& line : lines) report.err += "plimsoll register: " + line + "\n";
  return report;
}

Report unusable(const Error& error) {
  return unusable({error.where.empty() ? error.message : error.where + ": " + error.message});
}

std::string describe(const kube::Difference& difference) {
  if (difference.is.empty() && difference.at.last() == "-")
    return fmt::format("  {}: added {}\n", json::to_field_path(difference.at.parent()), to_display(difference.wanted));
  const auto side = [](const std::string& text) { return text.empty() ? "nothing" : to_display(text); };
  return fmt::format("  {}: {} → {}\n", json::to_field_path(difference.at), side(difference.is),
                     side(difference.wanted));
}

/// Brings one object where it should be, and tells what it did.
class Registrar {
 public:
  Registrar(kube::ApiClient& client, bool only_look) : client_(client), only_look_(only_look) {}

  kube::ApiResult<std::string> bring(const kube::Registration& registration) {
    const kube::ObjectPath path = kube::webhook_configuration(registration.resource, registration.name);
    const auto wanted = json::Document::parse(registration.object);
    for (int attempt = 1;; ++attempt) {
      auto done = step(registration, path, wanted->root());
      if (done) return registration.name + ": " + std::move(*done);
      const bool lost_a_race = done.error().kind == ErrorKind::Conflict || done.error().kind == ErrorKind::Invalid;
      if (!lost_a_race || attempt == kMostAttempts) return done;
    }
  }

 private:
  kube::ApiResult<std::string> step(const kube::Registration& registration, const kube::ObjectPath& path,
                                    json::View wanted) {
    const auto live = client_.read(path);
    if (!live && live.error().kind == ErrorKind::NotFound) {
      if (only_look_) return std::string("would be created\n");
      PLIMSOLL_TRY(created, client_.create(path, registration.object));
      return std::string("created\n") + missing_bundle(created.root());
    }
    if (!live) return Unexpected{live.error()};
    const auto differences = kube::find_differences(live->root(), wanted);
    if (differences.empty()) return std::string("is as it should be\n") + missing_bundle(live->root());
    std::string text = only_look_ ? "would be changed\n" : "changed\n";
    for (const kube::Difference& difference : differences) text += describe(difference);
    if (only_look_) return text;
    PLIMSOLL_TRY(mended, client_.patch(path, kube::PatchType::Json, kube::write_repair(live->root(), differences)));
    return text + missing_bundle(mended.root());
  }

  static std::string missing_bundle(json::View live) {
    for (const json::View webhook : live["webhooks"].elements())
      if (webhook["clientConfig"]["caBundle"].text().value_or("").empty() && !kube::is_kept_by_cert_manager(live))
        return "  it has no caBundle yet, so no call succeeds: say --ca-file, or run plimsoll serve --register\n";
    return {};
  }

  kube::ApiClient& client_;
  bool only_look_;
};

Report apply(const RegisterOptions& options, const config::Policy& policy) {
  const auto connection = find_api_server(options.kubeconfig);
  if (!connection) return unusable(connection.error());
  kube::ApiClient client(*connection, {.deadline = kPatience});
  Registrar registrar(client, options.dry_run);
  Report report;
  for (const kube::Registration& registration : kube::make_registrations(policy, options.registration)) {
    const auto done = registrar.bring(registration);
    if (done) {
      report.out += *done;
      continue;
    }
    report.err += "plimsoll register: " + done.error().message + "\n";
    report.exit_code =
        worse(report.exit_code, done.error().kind == ErrorKind::Unusable ? ExitCode::Unusable : ExitCode::Failure);
  }
  return report;
}

Report run_register(RegisterOptions options) {
  using Policy = Result<config::Policy, std::vector<std::string>>;
  const Policy policy = options.policy_file.empty() ? config::default_policy() : load_policy(options.policy_file);
  if (!policy) return unusable(policy.error());
  auto authority = load_authority(options.authority_file);
  if (!authority) return unusable(authority.error());
  options.registration.authority_pem = std::move(*authority);
  options.registration.failure_policy =
      options.failure_policy == "Fail" ? kube::FailurePolicy::Fail : kube::FailurePolicy::Ignore;
  if (const std::string& url = options.registration.url; !url.empty() && !url.starts_with("https://"))
    return unusable({"--url " + quoted(url, 253) + " is no https URL, which the API server requires"});
  if (options.print) return {.out = print_registrations(*policy, options.registration), .err = {}};
  return apply(options, *policy);
}

}  // namespace

std::string print_registrations(const config::Policy& policy, const kube::RegistrationOptions& options) {
  std::string text = fmt::format(
      "# Made by `plimsoll register --print` from policy {}. What each setting is for: docs/operations.md.\n",
      policy.revision);
  bool is_first = true;
  for (const kube::Registration& registration : kube::make_registrations(policy, options)) {
    if (!is_first) text += "---\n";
    is_first = false;
    const auto object = json::Document::parse(registration.object);
    text += yaml::write(object->root());
  }
  return text;
}

Action declare_register(CLI::App& command) {
  const auto options = std::make_shared<RegisterOptions>();
  kube::RegistrationOptions& registration = options->registration;
  command.add_option("--policy", options->policy_file, "policy file; none: the built-in policy")->type_name("FILE");
  auto* print = command.add_flag("--print", options->print, "write the objects as YAML and talk to nobody");
  command.add_flag("--dry-run", options->dry_run, "say what would be done")->excludes(print);
  command.add_option("--kubeconfig", options->kubeconfig, "none: $KUBECONFIG, else the Pod's own account")
      ->type_name("FILE")
      ->excludes(print);
  command.add_option("--ca-file", options->authority_file, "PEM for the caBundle; none: it stays as it is")
      ->type_name("FILE");
  auto* name = command.add_option("--service-name", registration.service_name, "the server's Service")
                   ->type_name("NAME")
                   ->capture_default_str();
  auto* name_space = command.add_option("--service-namespace", registration.service_namespace, "and its namespace")
                         ->type_name("NAME")
                         ->capture_default_str();
  auto* port = command.add_option("--service-port", registration.service_port, "and its port")
                   ->type_name("PORT")
                   ->check(CLI::Range(1, 65'535))
                   ->capture_default_str();
  command.add_option("--url", registration.url, "instead of a Service: https://HOST:PORT/mutate")
      ->type_name("URL")
      ->excludes(name)
      ->excludes(name_space)
      ->excludes(port);
  command.add_option("--timeout-seconds", registration.timeout_seconds, "how long the API server waits for an answer")
      ->type_name("N")
      ->check(CLI::Range(1, 30))
      ->capture_default_str();
  command.add_option("--failure-policy", options->failure_policy, "what happens without an answer: Ignore or Fail")
      ->type_name("POLICY")
      ->check(CLI::IsMember({"Ignore", "Fail"}))
      ->capture_default_str();
  command.footer(
      R"(Makes the MutatingWebhookConfigurations 00-plimsoll-jobs and zz-plimsoll-pods and the
ValidatingWebhookConfiguration plimsoll-validate that the policy needs, or brings back those of their fields that differ. What others added (webhooks, matchConditions, labels, a caBundle when
--ca-file is not said) stays; nothing is ever deleted. Run it again after each change of prefix, requireEstimate,
skipNamespaces, jobControllers, kinds or decideAt; `plimsoll serve --register` tells when it is needed.
Exit codes: 0 all is as it should be, 1 the API server did not do it, 2 flags, files or credentials.

Examples:
  plimsoll register --print --policy policy.yaml > webhook-configurations.yaml
  plimsoll register --policy policy.yaml --ca-file ca.crt --dry-run)");
  return [options] { return run_register(*options); };
}

}  // namespace plimsoll::webhook
