#include "plimsoll/decide/decide.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>

#include "check.hpp"
#include "join.hpp"
#include "lower.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/digest/digest.hpp"
#include "plimsoll/plan/plan.hpp"
#include "plimsoll/workload/effective_requests.hpp"

namespace plimsoll::decide {
namespace {

using config::KindRule;
using config::Level;
using workload::Markers;
using workload::Seen;
using workload::Workload;

constexpr std::string_view kModeAnnotation = "plimsoll.dev/mode";

// A pod template of the object, and how it is looked at.
struct Place {
  workload::Kind kind = workload::Kind::Pod;  // Other: by its place, whatever the object is
  json::Pointer at = {};
  Seen seen = Seen::AsObject;
};

Result<Workload> view(const Place& place, json::View object, Markers markers = Markers::Read) {
  return place.kind == workload::Kind::Other ? workload::view_template(object, place.at, place.seen, markers)
                                             : workload::view_workload(place.kind, object, markers);
}

// "Deployment" becomes "a Deployment".
std::string with_article(std::string_view kind) {
  const bool vowel = !kind.empty() && std::string_view("AEIOU").find(kind.front()) != std::string_view::npos;
  return fmt::format("{} {}", vowel ? "an" : "a", to_display(kind));
}

// One run through the steps for one pod template of one object. The self-check runs it a second time, on the patched
// copy.
class Run {
 public:
  Run(const admission::Review& review, const config::Policy& policy, TimePoint now, Markers markers = Markers::Read)
      : review_(review),
        policy_(policy),
        settings_(policy.settings_for(review.name_space)),
        now_(now),
        markers_(markers),
        is_pod_(review.kind == admission::GroupVersionKind{"", "v1", "Pod"}),
        rule_(policy.find_kind(review.kind.group, review.kind.kind)) {
    if (rule_ != nullptr && rule_->group == "batch" && review.kind.version != "v1") rule_ = nullptr;
    is_left_ = rule_ != nullptr && (rule_->level != Level::Object || settings_.decide_at == config::DecideAt::Pod ||
                                    admission::validates(review.route));
    decision_.policy = policy.revision;
    decision_.deny_on_failure = settings_.on_error == config::OnError::Deny;
    decision_.is_shadow = settings_.mode == config::Mode::Shadow || admission::is_shadow(review.route);
  }

  /// Whether there is nothing to look at, whatever is in the object.
  bool skipped_by_request();
  /// The pod templates to look at. Requires: not skipped_by_request().
  [[nodiscard]] std::vector<Place> find_places(json::View object) const;
  Decision decide(const Place& place, json::View object) &&;
  /// The same for a template that was viewed, and perhaps read, already.
  Decision decide(Workload& workload, std::optional<estimate::Reading> reading = std::nullopt) &&;
  [[nodiscard]] std::string describe_absence() const;
  Decision skip_malformed(std::string message) &&;
  Decision take() && { return std::move(decision_); }

 private:
  bool end(Verdict verdict, std::string_view why, std::string message) {
    decision_.verdict = verdict;
    decision_.reason = why;
    decision_.message = std::move(message);
    return true;
  }
  bool is_open() const { return decision_.patch.empty() && decision_.reason.empty(); }
  bool skip(std::string_view why, std::string message) { return end(Verdict::Skipped, why, std::move(message)); }

  bool skipped_by_object(const Workload& workload);
  bool decided_at_job(const Workload& workload);
  bool decided_above(const Workload& workload);
  [[nodiscard]] bool is_controlled(const Workload& workload) const;
  void leave(const Workload& workload);
  bool is_outside_canary() const;
  bool opted_out(const Workload& workload);
  bool lacks_estimate(const Workload& workload);
  bool rejected(const Workload& workload);
  void plan_and_lower(const Workload& workload);
  void lower_new_containers(const Workload& workload);
  void adopt(Lowered lowered);

  plan::Creator creator() const { return {review_.user, review_.groups}; }

  const admission::Review& review_;
  const config::Policy& policy_;
  const config::Settings& settings_;
  TimePoint now_;
  Markers markers_;
  estimate::Reading reading_;
  bool is_pod_;
  const KindRule* rule_;  // null for a Pod, and for what is none of our business
  bool is_left_ = false;  // nothing is changed here: what the object makes is decided, or it is only looked at
  Decision decision_;
};

bool Run::skipped_by_request() {
  if (!is_pod_ && rule_ == nullptr)
    return skip(reason::kUnsupportedKind,
                fmt::format("{} is no kind that is decided here", to_display(review_.kind.kind)));
  const bool is_update = review_.operation == admission::Operation::Update;
  if (review_.operation != admission::Operation::Create && !(is_update && admission::validates(review_.route))) {
    return skip(reason::kNotCreate, "only created objects are decided: what exists is immutable or somebody's wish");
  }
  if (!review_.sub_resource.empty()) return skip(reason::kSubresource, "subresources are not decided");
  if (std::ranges::find(policy_.skip_namespaces, review_.name_space) != policy_.skip_namespaces.end()) {
    return skip(reason::kSkippedNamespace,
                fmt::format("namespace {} is never touched", to_display(review_.name_space)));
  }
  if (settings_.mode == config::Mode::Disabled) return skip(reason::kPolicyDisabled, "the policy is disabled here");
  if (is_pod_ && admission::validates(review_.route)) {
    return skip(reason::kDecidedAtPod, "a Pod is decided, and not looked at beforehand");
  }
  if (rule_ != nullptr && rule_->level == Level::None) {
    return skip(reason::kLeftAlone, with_article(rule_->kind) + " is left alone: it sizes its own Pods");
  }
  if (rule_ != nullptr && rule_->templates.empty()) {
    return skip(reason::kDecidedAtPod,
                fmt::format("what {} makes is decided when it comes", with_article(rule_->kind)));
  }
  return false;
}

std::vector<Place> Run::find_places(json::View object) const {
  if (is_pod_) return {{.kind = workload::Kind::Pod}};
  const bool at_pod = settings_.decide_at == config::DecideAt::Pod;
  if (rule_->group == "batch" && !at_pod) {
    if (rule_->kind == "Job") return {{.kind = workload::Kind::Job}};
    if (rule_->kind == "CronJob") return {{.kind = workload::Kind::CronJob}};
  }
  const Seen seen = at_pod || rule_->level != Level::Object ? Seen::AsPod : Seen::AsObject;
  std::vector<Place> places;
  for (const std::string& pattern : rule_->templates) {
    for (json::Pointer& at : workload::find_templates(object, pattern)) {
      places.push_back({.kind = workload::Kind::Other, .at = std::move(at), .seen = seen});
    }
  }
  return places;
}

std::string Run::describe_absence() const {
  return fmt::format("there is no pod template at {}", fmt::join(rule_->templates, " or "));
}

Decision Run::skip_malformed(std::string message) && {
  skip(reason::kMalformed, std::move(message));
  decision_.warnings.push_back(decision_.message);
  return std::move(decision_);
}

bool Run::skipped_by_object(const Workload& workload) {
  if (is_left_) return false;
  if (!is_pod_) return decided_at_job(workload);
  const bool is_mirror = workload.pod_annotation("kubernetes.io/config.mirror").has_value() ||
                         (workload.controller && workload.controller->kind == "Node");
  if (is_mirror) return skip(reason::kMirrorPod, "a mirror of a static pod: the kubelet owns the real one");
  if (!workload.pod_spec["nodeName"].text().value_or("").empty()) {
    return skip(reason::kBoundPod, "the pod is bound to a node already");
  }
  if (workload.label("kueue.x-k8s.io/managed") == "true") {
    return skip(reason::kKueueManaged, "Kueue has counted this pod's resources already");
  }
  if (workload.pod_annotation("vpaUpdates")) {
    return skip(reason::kAutoscaled, "a VerticalPodAutoscaler has sized the pod");
  }
  return decided_at_job(workload);
}

// The Pods of a decided Job hold its numbers. The creator is asked for, so that a forged marker is no way round. What
// any other object makes is sent, and is known by its marker: decided_above().
bool Run::decided_at_job(const Workload& workload) {
  if (!workload.controller || settings_.decide_at == config::DecideAt::Pod) return false;
  const bool by_job = workload.controller->kind == "Job" && workload.controller->api_version == "batch/v1";
  if (by_job && std::ranges::find(policy_.job_controllers, review_.user) == policy_.job_controllers.end()) return false;
  const KindRule* above = policy_.find_kind(workload.controller->group(), workload.controller->kind);
  if (above == nullptr || above->level != Level::Object) return false;
  // An object in shadow has no marker to show for its decision.
  if (!workload.marker && (decision_.is_shadow || settings_.canary_percent)) {
    return skip(reason::kDecidedAtJob, fmt::format("decided in shadow when its {} was created", above->kind));
  }
  if (!workload.marker || !is_pod_ || !by_job) return false;
  const plan::Plan repair = plan::make_limit_repair(workload);
  adopt(lower_unmarked(workload, repair.changes));
  if (!decision_.patch.empty()) return true;
  return skip(reason::kDecidedAtJob, "decided when its Job was created");
}

// By the family, so that all runs of a job fare alike.
bool Run::is_outside_canary() const {
  if (!settings_.canary_percent) return false;
  std::uint32_t hash = 0;
  const std::string digits = digest::short_hash(reading_.estimate.family);
  std::from_chars(digits.data(), digits.data() + digits.size(), hash, 16);
  return static_cast<std::int64_t>(hash % 100) >= *settings_.canary_percent;
}

bool Run::opted_out(const Workload& workload) {
  const auto on_object = workload.metadata["annotations"][kModeAnnotation].text();
  const auto mode = on_object ? on_object : workload.pod_annotation(kModeAnnotation);
  if (!mode || *mode == "enforce") return false;
  if (*mode != "disabled" && *mode != "shadow") {
    decision_.warnings.push_back(
        fmt::format("{}: {} is no mode (enforce, shadow, disabled): ignored", kModeAnnotation, quoted(*mode)));
    return false;
  }
  const bool demanded =
      settings_.require_estimate && plan::holds(*settings_.require_estimate, workload, reading_.estimate, creator());
  const bool replaces = settings_.resources.authored == config::Authored::Replace;
  if (demanded || replaces) {
    decision_.warnings.push_back(fmt::format("{}: {} is ignored: {} here", kModeAnnotation, *mode,
                                             demanded ? "an estimate is required" : "sizes are replaced"));
    return false;
  }
  if (*mode == "shadow") {
    decision_.is_shadow = true;
    return false;
  }
  return skip(reason::kOptedOut, fmt::format("{} is disabled", kModeAnnotation));
}

bool Run::lacks_estimate(const Workload& workload) {
  if (reading_.has_annotations) return false;
  const bool demanded =
      settings_.require_estimate && plan::holds(*settings_.require_estimate, workload, reading_.estimate, creator());
  if (!demanded) return skip(reason::kNoEstimate, "no estimate");
  std::string message = fmt::format(
      "an estimate is required here: annotate the pod template, for example {}duration: \"90m\" and {}memory: \"4Gi\"",
      policy_.prefix, policy_.prefix);
  // What will be made of it is not refused for that either.
  const bool is_only_told = is_left_ && (rule_->level != Level::Object || admission::validates(review_.route));
  if (is_controlled(workload) || is_only_told) {
    decision_.warnings.push_back(message);
    return skip(reason::kNoEstimate, std::move(message));
  }
  return end(Verdict::Rejected, reason::kEstimateRequired, std::move(message));
}

// Whether nobody would read a refusal. A template that is seen as what will be made of it has its object for a
// controller; refused is the object, which somebody created.
bool Run::is_controlled(const Workload& workload) const {
  if (!is_left_) return workload.controller.has_value();
  return workload::find_controller(workload.object["metadata"]).has_value();
}

bool Run::rejected(const Workload& workload) {
  decision_.problems = reading_.problems;
  if (reading_.problems.empty()) return false;
  config::OnInvalid what = is_controlled(workload) ? settings_.estimates.controlled : settings_.estimates.created;
  // What exists already works, or somebody is mending it.
  if (review_.operation == admission::Operation::Update) what = config::OnInvalid::Warn;
  if (what == config::OnInvalid::Warn) {
    for (const estimate::Problem& problem : reading_.problems) decision_.warnings.push_back(to_text(problem));
    return false;
  }
  std::string message = describe_refusal(review_.kind.kind, reading_.problems);
  // What was ignored is told as well, so that all of it is mended at once.
  std::ranges::move(reading_.warnings, std::back_inserter(decision_.warnings));
  return end(Verdict::Rejected, reason::kBadEstimate, std::move(message));
}

void Run::adopt(Lowered lowered) {
  if (lowered.lacks_room) {
    // Without a marker the next call would take our numbers for the author's.
    end(Verdict::Unchanged, reason::kNoRoom, "the annotations leave no room for the decision: nothing is changed");
    decision_.warnings.push_back(decision_.message);
    return;
  }
  decision_.changes = std::move(lowered.changes);
  decision_.patch = std::move(lowered.patch);
  if (!decision_.patch.empty()) {
    decision_.verdict = Verdict::Mutated;
    decision_.reason = {};
  }
}

bool is_annotated(const estimate::ContainerEstimate& e) {
  const auto is_said = [](const auto& sized) {
    return sized && sized->origin.source == estimate::Origin::Source::Annotation;
  };
  return is_said(e.cpu) || is_said(e.memory) || is_said(e.ephemeral_storage) || is_said(e.gpu);
}

workload::Marker make_marker(const Workload& workload, const estimate::Estimate& estimate, const std::string& policy) {
  workload::Marker marker;
  marker.policy = policy;
  marker.estimate = estimate.hash;
  marker.carried = estimate.carried;
  if (estimate.container) marker.container = workload.containers[*estimate.container].name;
  for (std::size_t i = 0; i < workload.containers.size(); ++i) {
    if (i != estimate.container && is_annotated(estimate.containers[i])) {
      marker.known.emplace_back(workload.containers[i].name);
    }
  }
  if (estimate.deadline) {
    marker.at = plimsoll::to_text(estimate.submitted);
    marker.deadline = plimsoll::to_text(estimate.deadline->value);
  }
  return marker;
}

// The same estimate was decided already: its numbers stand, whatever the policy says by now; only containers that
// joined since are sized.
void Run::lower_new_containers(const Workload& workload) {
  const workload::Marker& marker = *workload.marker;
  std::vector<bool> wanted;
  for (std::size_t i = 0; i < workload.containers.size(); ++i) {
    const std::string_view name = workload.containers[i].name;
    const bool known = name == marker.container || workload::has_slot(marker, name) ||
                       std::ranges::find(marker.known, name) != marker.known.end();
    wanted.push_back(!known && is_annotated(reading_.estimate.containers[i]));
  }
  if (std::ranges::find(wanted, true) != wanted.end()) {
    const plan::Plan plan = plan::make_plan_for_containers(workload, reading_.estimate, settings_, creator(), wanted);
    if (!plan.changes.empty()) adopt(lower(workload, plan.changes, marker, Scope::Beside));
  }
  // LimitRanger comes to the Pods alone.
  if (is_open() && is_pod_) adopt(lower_unmarked(workload, plan::make_limit_repair(workload).changes));
  if (is_open()) end(Verdict::Unchanged, reason::kAlreadyDecided, "this estimate was decided already");
}

// What an object's template became holds its numbers, though not all of its estimates: those of the object itself stay
// behind.
bool Run::decided_above(const Workload& workload) {
  if (is_left_ || !workload.controller || !workload.marker || workload.marker->carried.empty()) return false;
  const std::string own = reading_.has_annotations ? reading_.estimate.hash : digest::short_hash("");
  if (workload.marker->carried != own || !still_stands(workload)) return false;
  lower_new_containers(workload);
  return true;
}

void Run::plan_and_lower(const Workload& workload) {
  if (workload.marker && workload.marker->estimate == reading_.estimate.hash && still_stands(workload)) {
    return lower_new_containers(workload);
  }
  plan::Plan plan = plan::make_plan(workload, reading_.estimate, settings_, creator());
  std::ranges::move(plan.warnings, std::back_inserter(decision_.warnings));
  adopt(lower(workload, plan.changes, make_marker(workload, reading_.estimate, policy_.revision), Scope::Whole));
  if (is_open()) end(Verdict::Unchanged, reason::kNothingToDo, "nothing is to be changed");
}

// Says why nothing is changed, and what will not be read. The changes stay, for whoever wants to know what will be.
void Run::leave(const Workload& workload) {
  decision_.is_preview = true;
  decision_.patch = {};
  if (admission::validates(review_.route)) {
    const bool is_stale = review_.operation == admission::Operation::Update && rule_->level == Level::Object &&
                          workload.marker && workload.marker->estimate != reading_.estimate.hash;
    if (is_stale) {
      decision_.warnings.push_back(fmt::format("the estimate is another than at creation: {} keeps the sizes of then",
                                               with_article(rule_->kind)));
    }
    end(Verdict::Unchanged, reason::kValidated, "looked at only: what will be made of it is decided when it comes");
  } else if (rule_->group == "batch" && rule_->kind == "CronJob") {
    // Mutating a CronJob would freeze today's estimate; the Jobs that it makes are decided.
    end(Verdict::Unchanged, reason::kCronJob, "a CronJob is left unchanged: each Job that it makes is decided");
  } else {
    end(Verdict::Unchanged, reason::kDecidedAtPod,
        with_article(rule_->kind) + " is left unchanged: its Pods are decided when they come");
  }
}

// An estimate where nobody will look for it.
void warn_of_unread(const Workload& workload, const std::string& prefix, std::vector<std::string>& warnings) {
  for (const workload::Metadata& metadata : workload.unread) {
    for (const json::Member& member : metadata.view["annotations"].members()) {
      if (!member.key.starts_with(prefix)) continue;
      if (warnings.size() == estimate::kMaxProblems) return;
      warnings.push_back(fmt::format("{} is not read: say it at {}",
                                     json::to_field_path(metadata.at / "annotations" / to_display(member.key)),
                                     json::to_field_path(workload.annotated.back().at / "annotations")));
    }
  }
}

Decision Run::decide(const Place& place, json::View object) && {
  Result<Workload> viewed = view(place, object, markers_);
  if (!viewed) {
    return std::move(*this).skip_malformed(fmt::format("{}: {}", viewed.error().where, viewed.error().message));
  }
  return std::move(*this).decide(*viewed);
}

Decision Run::decide(Workload& workload, std::optional<estimate::Reading> reading) && {
  workload.name_space = review_.name_space;
  if (skipped_by_object(workload)) return std::move(decision_);

  if (reading) {
    reading_ = std::move(*reading);
  } else {
    reading_ = estimate::read_estimate(workload, policy_, settings_, now_);
    if (reading_.has_annotations) plan::weigh_gpus(workload, settings_, creator(), reading_);
  }
  decision_.is_shadow = decision_.is_shadow || is_outside_canary();
  warn_of_unread(workload, policy_.prefix, decision_.warnings);
  const bool done = opted_out(workload) || decided_above(workload) || lacks_estimate(workload) || rejected(workload);
  if (!done) {
    std::ranges::move(reading_.warnings, std::back_inserter(decision_.warnings));
    plan_and_lower(workload);
  }
  decision_.estimate = std::move(reading_.estimate);
  for (const workload::Container& container : workload.containers)
    decision_.container_names.emplace_back(container.name);
  if (is_left_ && !done) leave(workload);
  return std::move(decision_);
}

Decision decide_object(const admission::Review& review, const config::Policy& policy, TimePoint now,
                       Markers markers = Markers::Read) {
  Run run(review, policy, now, markers);
  if (run.skipped_by_request()) return std::move(run).take();
  const std::vector<Place> places = run.find_places(review.object);
  Decision decision;
  if (places.size() == 1) {
    decision = std::move(run).decide(places.front(), review.object);
  } else if (places.empty()) {
    decision = std::move(run).skip_malformed(run.describe_absence());
  } else if (places.size() > workload::kMaxTemplates) {
    decision = std::move(run).skip_malformed("there are more pod templates than in any real object");
  } else {
    std::vector<Decision> parts;
    for (const Place& place : places) parts.push_back(Run(review, policy, now, markers).decide(place, review.object));
    std::vector<json::Pointer> at;
    for (const Place& place : places) at.push_back(place.at);
    decision = join(at, std::move(parts), review.kind.kind);
  }
  const KindRule* rule = policy.find_kind(review.kind.group, review.kind.kind);
  if (rule != nullptr && (places.empty() || places.front().kind == workload::Kind::Other))
    decision.templates = rule->templates;
  return decision;
}

// The patched copy must be one that the API server accepts, and one that is decided already.
std::optional<std::string> find_fault(const admission::Review& review, const config::Policy& policy, TimePoint now,
                                      Decision& decision) {
  if (decision.patch.empty()) return std::nullopt;
  const Result<json::Tree> patched = patch::apply(review.object, decision.patch);
  if (!patched) return fmt::format("the patch does not apply: {}: {}", patched.error().where, patched.error().message);

  const std::vector<Place> places = Run(review, policy, now).find_places(review.object);
  for (std::size_t i = 0; i < places.size(); ++i) {
    Result<Workload> after = view(places[i], patched->root());
    if (!after) {
      if (!view(places[i], review.object)) continue;  // so it came, and it was passed over
      return fmt::format("the result is malformed: {}: {}", after.error().where, after.error().message);
    }
    std::set<std::string> violations = find_violations(*after);
    if (!violations.empty()) {
      // What its author broke is not ours to answer for.
      if (const Result<Workload> before = view(places[i], review.object)) {
        for (const std::string& known : find_violations(*before)) violations.erase(known);
      }
      if (!violations.empty()) return "the result is invalid: " + *violations.begin();
    }
    // No operation touches an estimate: what was read is lent, not read again.
    estimate::Estimate& known = i == 0 ? decision.estimate : decision.further[i - 1].estimate;
    std::optional<estimate::Reading> reading;
    if (!known.hash.empty() && known.containers.size() == after->containers.size()) {
      reading.emplace();
      reading->estimate = std::move(known);
      reading->has_annotations = true;
    }
    Decision again = Run(review, policy, now).decide(*after, std::move(reading));
    if (reading) known = std::move(again.estimate);
    if (!again.patch.empty()) return "deciding again would change it again: " + patch::write_patch(again.patch);
  }
  return std::nullopt;
}

}  // namespace

std::string_view to_text(Verdict verdict) {
  switch (verdict) {
    case Verdict::Mutated:
      return "Mutated";
    case Verdict::Unchanged:
      return "Unchanged";
    case Verdict::Skipped:
      return "Skipped";
    case Verdict::Rejected:
      return "Rejected";
    case Verdict::Failed:
      return "Failed";
  }
  return "";
}

namespace {

// What would have happened is told, and does not.
void withhold(Decision& decision) {
  decision.deny_on_failure = false;
  std::string told;
  if (decision.verdict == Verdict::Mutated) {
    decision.reason = reason::kWouldMutate;
    std::set<std::string_view> rules;
    for (const AppliedChange& change : decision.changes)
      rules.insert(change.rule.empty() ? "no longer wanted" : change.rule);
    told = fmt::format("shadow: would change {} place{} ({})", decision.changes.size(),
                       decision.changes.size() == 1 ? "" : "s", fmt::join(rules, ", "));
  } else if (decision.verdict == Verdict::Rejected) {
    decision.reason = reason::kWouldReject;
    const std::size_t count = decision.problems.size();
    told = "shadow: would be refused";
    told += count == 0 ? ": " + decision.message : fmt::format(" for {} problem{}", count, count == 1 ? "" : "s");
    for (auto problem = decision.problems.rbegin(); problem != decision.problems.rend(); ++problem) {
      decision.warnings.insert(decision.warnings.begin(), to_text(*problem));
    }
  } else {
    return;
  }
  decision.verdict = Verdict::Unchanged;
  decision.patch = {};
  decision.warnings.insert(decision.warnings.begin(), told);
  decision.message = std::move(told);
}

std::optional<workload::Kind> kind_with_one_template(const admission::GroupVersionKind& kind) {
  if (kind.group.empty() && kind.kind == "Pod") return workload::Kind::Pod;
  if (kind.group == "batch" && kind.kind == "Job") return workload::Kind::Job;
  if (kind.group == "batch" && kind.kind == "CronJob") return workload::Kind::CronJob;
  return std::nullopt;
}

}  // namespace

std::vector<Request> requests_after(const admission::Review& review, const Decision& decision) {
  const auto kind = kind_with_one_template(review.kind);
  if (!kind) return {};
  const Result<json::Tree> patched = patch::apply(review.object, decision.patch);
  if (!patched) return {};
  const Result<Workload> after = workload::view_workload(*kind, patched->root());
  if (!after) return {};
  std::vector<Request> requests;
  for (const workload::Need& need : workload::effective_requests(*after)) {
    requests.push_back({std::string(need.resource), need.quantity});
  }
  return requests;
}

Decision decide(const admission::Review& review, const Snapshot& world, TimePoint now) {
  Decision decision = decide_object(review, *world.policy, now);
  auto fault = find_fault(review, *world.policy, now, decision);
  if (fault) {
    // A marker is a hint. What follows from a forged one can be invalid; then its numbers are the author's after all.
    Decision anew = decide_object(review, *world.policy, now, Markers::Ignore);
    if (!find_fault(review, *world.policy, now, anew)) {
      anew.warnings.push_back(fmt::format("{} contradicts the object and is put aside", workload::kMarkerAnnotation));
      anew.is_marker_put_aside = true;
      decision = std::move(anew);
      fault.reset();
    }
  }
  if (fault) {
    decision.verdict = Verdict::Failed;
    decision.reason = reason::kBug;
    decision.message = std::move(*fault);
    decision.patch = {};
    decision.changes.clear();
    decision.warnings.emplace_back("Plimsoll failed its own check and changed nothing; its log says why");
  }
  if (decision.is_shadow) withhold(decision);
  return decision;
}

}  // namespace plimsoll::decide
