#include "webhook/compose/metrics.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include "plimsoll/decide/decide.hpp"
#include "plimsoll/estimate/estimate.hpp"
#include "plimsoll/plan/plan.hpp"

namespace plimsoll::webhook {
namespace {

using telemetry::Metric;

// What the registration sends; whoever registers the webhook for more is counted under "other".
constexpr std::string_view kKinds[] = {"Pod", "Job", "CronJob"};

std::vector<std::string_view> verdict_words() {
  using enum decide::Verdict;
  std::vector<std::string_view> words;
  for (const decide::Verdict verdict : {Mutated, Unchanged, Skipped, Rejected, Failed})
    words.push_back(decide::to_text(verdict));
  return words;
}

std::vector<std::string_view> problem_words() {
  using enum estimate::Problem::Reason;
  std::vector<std::string_view> words;
  for (const estimate::Problem::Reason reason :
       {Malformed, OutOfRange, UnknownKey, UnknownContainer, Ambiguous, Conflict, NotText, AboveMaximum})
    words.push_back(estimate::to_text(reason));
  return words;
}

Metric with_label(Metric metric, std::string_view key, std::string_view value) {
  metric.labels.emplace_back(key, value);
  return metric;
}

Metric requests_metric(std::string_view kind, std::string_view dry_run) {
  return {"plimsoll_requests_total",
          "Admission requests decided.",
          {{"kind", std::string(kind)}, {"dry_run", std::string(dry_run)}}};
}

Metric step_metric(std::string_view step) {
  return {"plimsoll_step_duration_seconds", "Time one step of a request took.", {{"step", std::string(step)}}};
}

}  // namespace

WordCounters::WordCounters(telemetry::Metrics& metrics, Metric metric, std::string_view label,
                           const std::vector<std::string_view>& words)
    : other_(metrics.counter(with_label(metric, label, "other"))) {
  for (const std::string_view word : words) known_.emplace_back(word, metrics.counter(with_label(metric, label, word)));
}

void WordCounters::add(std::string_view word) const {
  const auto found = std::ranges::find(known_, word, [](const auto& entry) { return entry.first; });
  (found == known_.end() ? other_ : found->second).add();
}

DecisionMetrics::DecisionMetrics(telemetry::Metrics& metrics)
    : reasons_(metrics, {"plimsoll_unpatched_total", "Requests answered without a patch, by reason."}, "reason",
               {std::begin(decide::reason::kAll), std::end(decide::reason::kAll)}),
      problems_(metrics, {"plimsoll_estimate_problems_total", "Problems found in estimates, by reason."}, "reason",
                problem_words()),
      changes_(metrics, {"plimsoll_changes_total", "Values changed in objects, by the rule that changed them."}, "rule",
               plan::rule_names()),
      markers_put_aside_(metrics.counter(
          {"plimsoll_markers_put_aside_total",
           "Objects decided without their marker because it contradicted them: forged, or a fault of ours."})),
      request_time_(metrics.time_histogram({"plimsoll_request_duration_seconds",
                                            "From the first byte of a request until its answer is ready to be sent."})),
      decode_time_(metrics.time_histogram(step_metric("decode"))),
      decide_time_(metrics.time_histogram(step_metric("decide"))),
      encode_time_(metrics.time_histogram(step_metric("encode"))) {
  const auto add_kind = [&](std::string_view kind) {
    requests_.push_back({kind, WordCounters(metrics, requests_metric(kind, "false"), "verdict", verdict_words()),
                         WordCounters(metrics, requests_metric(kind, "true"), "verdict", verdict_words())});
  };
  for (const std::string_view kind : kKinds) add_kind(kind);
  add_kind("other");
}

const DecisionMetrics::Requests& DecisionMetrics::requests_of(std::string_view kind) const {
  const auto found = std::ranges::find(requests_, kind, &Requests::kind);
  return found == requests_.end() ? requests_.back() : *found;
}

void DecisionMetrics::count(const audit::Record& record, const StepTimes& times) const {
  const decide::Decision& decision = record.decision;
  const Requests& requests = requests_of(record.kind);
  (record.dry_run ? requests.dry_run : requests.real).add(decide::to_text(decision.verdict));
  if (!decision.reason.empty()) reasons_.add(decision.reason);
  for (const estimate::Problem& problem : decision.problems) problems_.add(estimate::to_text(problem.reason));
  if (decision.verdict == decide::Verdict::Mutated)
    for (const decide::AppliedChange& change : decision.changes) changes_.add(change.rule);
  if (decision.is_marker_put_aside) markers_put_aside_.add();
  request_time_.observe(record.latency);
  decode_time_.observe(times.decode);
  decide_time_.observe(times.decide);
  encode_time_.observe(times.encode);
}

void observe_program(telemetry::Metrics& metrics, const telemetry::AuditSink& audit) {
  using Kind = telemetry::Metrics::Kind;
  telemetry::observe_process(metrics);
  metrics.gauge({"plimsoll_build_info", "The program; always 1.", {{"version", PLIMSOLL_VERSION}}}).set(1);
  metrics.observe(
      Kind::Counter,
      {"plimsoll_audit_dropped_total", "Audit records lost: the queue was full, or they could not be written."},
      [&audit] { return static_cast<double>(audit.dropped()); });
}

void observe_reloads(telemetry::Metrics& metrics, const std::string& value, const ReloadStatus& status) {
  using Kind = telemetry::Metrics::Kind;
  const std::string name = "plimsoll_reloads_total";
  const std::string help = "Changes of a file that were taken over, or refused because it cannot be used.";
  metrics.observe(Kind::Counter, {name, help, {{"result", "applied"}, {"value", value}}},
                  [&status] { return static_cast<double>(status.taken()); });
  metrics.observe(Kind::Counter, {name, help, {{"result", "refused"}, {"value", value}}},
                  [&status] { return static_cast<double>(status.refused()); });
}

void observe_certificates(telemetry::Metrics& metrics, const LiveCertificate& served,
                          const SharedCertificates* shared) {
  using Kind = telemetry::Metrics::Kind;
  const auto to_seconds = [](TimePoint time) { return std::chrono::duration<double>(time.time_since_epoch()).count(); };
  metrics.observe(Kind::Gauge,
                  {"plimsoll_certificate_not_after_seconds", "When the served certificate expires, in Unix time."},
                  [&served, to_seconds] { return to_seconds(served.current()->identity.valid_until()); });
  if (shared == nullptr) return;
  metrics.observe(Kind::Gauge,
                  {"plimsoll_authority_not_after_seconds", "When the authority that signs expires, in Unix time."},
                  [shared, to_seconds] { return to_seconds(shared->current()->authority.valid_until()); });
}

}  // namespace plimsoll::webhook
