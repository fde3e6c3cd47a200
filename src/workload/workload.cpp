#include "plimsoll/workload/workload.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <set>
#include <span>

namespace plimsoll::workload {
namespace {

constexpr std::string_view kLimitRangerAnnotation = "kubernetes.io/limit-ranger";

std::string_view side_name(Side side) {
  return side == Side::Request ? "requests" : "limits";
}

// A quantity as YAML or JSON may hold it: text, or a bare number (`cpu: 2`), which the API server would turn into text.
Result<Quantity> read_quantity(json::View value) {
  if (const auto written = value.text()) return parse_quantity(*written);
  if (value.kind() == json::Kind::Number) return parse_quantity(json::write(value));
  return fail(ErrorCode::Invalid, "must be a quantity, such as \"2\" or \"4Gi\"");
}

// LimitRanger writes "LimitRanger plugin set: cpu, memory request for container a; cpu limit for init container b".
// Source: plugin/pkg/admission/limitranger/admission.go, mergeContainerResources.
void read_limit_ranger(std::string_view text, std::vector<Container>& containers) {
  constexpr std::string_view kStart = "LimitRanger plugin set: ";
  if (!text.starts_with(kStart)) return;
  text.remove_prefix(kStart.size());
  while (!text.empty()) {
    const std::size_t end = std::min(text.find("; "), text.size());
    const std::string_view entry = text.substr(0, end);
    text.remove_prefix(std::min(end + 2, text.size()));

    const std::size_t by = entry.find(" for ");
    if (by == std::string_view::npos) continue;
    std::string_view resources = entry.substr(0, by);
    std::string_view who = entry.substr(by + 5);
    const bool is_init = who.starts_with("init ");
    if (is_init) who.remove_prefix(5);
    if (!who.starts_with("container ")) continue;
    who.remove_prefix(10);
    const auto container = std::ranges::find_if(
        containers, [&](const Container& c) { return c.name == who && (c.role != Container::Role::App) == is_init; });
    if (container == containers.end()) continue;

    Side side = Side::Request;
    if (resources.ends_with(" request")) {
      resources.remove_suffix(8);
    } else if (resources.ends_with(" limit")) {
      resources.remove_suffix(6);
      side = Side::Limit;
    } else {
      continue;
    }
    while (!resources.empty()) {
      const std::size_t comma = std::min(resources.find(", "), resources.size());
      container->defaulted.push_back({side, resources.substr(0, comma)});
      resources.remove_prefix(std::min(comma + 2, resources.size()));
    }
  }
}

// Whether `value` is something that could have stood in the slot before us.
bool could_stand(std::string_view slot, json::View value) {
  if (slot.find(".requests.") != std::string_view::npos || slot.find(".limits.") != std::string_view::npos) {
    const Result<Quantity> quantity = read_quantity(value);
    return quantity && quantity->nanos() >= 0;
  }
  if (slot == "job.suspend") return value.boolean().has_value();
  const bool is_deadline = slot == "activeDeadlineSeconds" || slot == "job.activeDeadlineSeconds";
  return is_deadline ? value.integer().value_or(0) > 0 : value.text().has_value();
}

void find_marker(Workload& workload) {
  const auto text = workload.pod_annotation(kMarkerAnnotation);
  if (!text) return;
  workload.marker_document = parse_marker(*text);
  if (!workload.marker_document) return;
  workload.marker = read_marker(workload.marker_document->root());
  if (!workload.marker) return;
  std::erase_if(workload.marker->was, [](const json::Member& slot) { return !could_stand(slot.key, slot.value); });
}

// Reads the numbers under `resources` at `at`, whose slots begin with `owner`.
Result<std::vector<Amount>> read_amounts(const Workload& workload, std::string_view owner, json::View resources,
                                         const json::Pointer& at) {
  std::vector<Amount> amounts;
  amounts.reserve(std::min(resources["requests"].size() + resources["limits"].size(), kMaxAmounts));
  for (const Side side : {Side::Request, Side::Limit}) {
    const std::string_view name = side_name(side);
    const json::View numbers = resources[name];
    if (numbers.size() > kMaxAmounts) {
      return fail(ErrorCode::TooLarge, "holds more resources than any pod needs", json::to_field_path(at / name));
    }
    std::string slot = std::string(owner) + "." + std::string(name) + ".";
    const std::size_t prefix = slot.size();
    for (const json::Member& member : numbers.members()) {
      const Result<Quantity> quantity = read_quantity(member.value);
      if (!quantity) {
        return fail(quantity.error().code, quantity.error().message, json::to_field_path(at / name / member.key));
      }
      Amount amount{.side = side, .resource = member.key, .present = *quantity, .authored = *quantity};
      if (workload.marker) {
        slot.resize(prefix);
        slot += member.key;
        amount.authored.reset();
        if (const json::View authored = workload.authored(slot, member.value)) {
          if (const auto before = read_quantity(authored)) amount.authored = *before;
        }
      }
      amounts.push_back(amount);
    }
  }
  return amounts;
}

Result<void> read_container_amounts(const Workload& workload, Container& container) {
  const json::Pointer at = container.path / "resources";
  PLIMSOLL_TRY(amounts, read_amounts(workload, container.name, container.view["resources"], at));
  container.amounts = std::move(amounts);
  for (Amount& amount : container.amounts) {
    if (container.is_limit_ranger_default(amount.side, amount.resource)) amount.authored.reset();
  }
  return {};
}

Result<void> read_containers(Workload& workload, std::string_view list) {
  const json::View items = workload.pod_spec[list];
  const json::Pointer at = workload.template_path / "spec" / list;
  if (items && !items.is_null() && !items.is_array()) {
    return fail(ErrorCode::Invalid, "must be a list", json::to_field_path(at));
  }
  if (items.size() > kMaxContainers) {
    return fail(ErrorCode::TooLarge, "holds more containers than any pod has", json::to_field_path(at));
  }
  std::size_t index = 0;
  for (const json::View item : items.elements()) {
    Container container;
    container.path = at / index;
    container.view = item;
    const auto name = item["name"].text();
    if (!name || name->empty()) {
      return fail(ErrorCode::Invalid, "every container must have a name", json::to_field_path(container.path));
    }
    container.name = *name;
    if (list == "initContainers") {
      container.role = item["restartPolicy"].text() == "Always" ? Container::Role::Sidecar : Container::Role::Init;
    }
    workload.containers.push_back(std::move(container));
    ++index;
  }
  return {};
}

/// The names of the volumes that `container` mounts.
std::set<std::string_view> mounted_volumes(const Container& container) {
  std::set<std::string_view> names;
  for (const json::View mount : container.view["volumeMounts"].elements()) {
    const std::string_view name = mount["name"].text().value_or("");
    if (!name.empty()) names.insert(name);
  }
  return names;
}

// The maps and lists that a change of ours may be written into. Each is a member of an earlier one.
struct Place {
  std::size_t parent;
  std::string_view key;
  json::Kind kind;
};
constexpr std::string_view kRequired = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kPreferred = "preferredDuringSchedulingIgnoredDuringExecution";
constexpr Place kPlaces[] = {
    {0, "", json::Kind::Object},  // the pod template
    {0, "metadata", json::Kind::Object},
    {1, "annotations", json::Kind::Object},
    {1, "labels", json::Kind::Object},
    {0, "spec", json::Kind::Object},
    {4, "nodeSelector", json::Kind::Object},
    {4, "tolerations", json::Kind::Array},
    {4, "topologySpreadConstraints", json::Kind::Array},
    {4, "affinity", json::Kind::Object},
    {8, "nodeAffinity", json::Kind::Object},
    {9, kRequired, json::Kind::Object},
    {9, kPreferred, json::Kind::Array},
    {8, "podAntiAffinity", json::Kind::Object},
    {12, kRequired, json::Kind::Array},
    {12, kPreferred, json::Kind::Array},
    {4, "resourceClaims", json::Kind::Array},
    {4, "resources", json::Kind::Object},
    {16, "requests", json::Kind::Object},
    {16, "limits", json::Kind::Object},
    {10, "nodeSelectorTerms", json::Kind::Array},
    {8, "podAffinity", json::Kind::Object},
    {20, kPreferred, json::Kind::Array},
};

json::Pointer path_of(std::size_t place, const json::Pointer& template_path) {
  return place == 0 ? template_path : path_of(kPlaces[place].parent, template_path) / kPlaces[place].key;
}

bool fits(json::View value, json::Kind kind) {
  return !value || value.is_null() || value.kind() == kind;
}

Unexpected<Error> misplaced(json::Kind kind, const json::Pointer& at) {
  return fail(ErrorCode::Invalid, kind == json::Kind::Array ? "must be a list" : "must be a map",
              json::to_field_path(at));
}

// What the API server would not even decode must not become a patch that does not apply.
Result<void> check_places(const Workload& workload, json::View pod_template) {
  const auto at_metadata = [&] { return workload.object_path / "metadata"; };
  if (!fits(workload.metadata, json::Kind::Object)) return misplaced(json::Kind::Object, at_metadata());
  for (const std::string_view map : {"annotations", "labels"}) {
    if (fits(workload.metadata[map], json::Kind::Object)) continue;
    return misplaced(json::Kind::Object, at_metadata() / map);
  }
  std::array<json::View, std::size(kPlaces)> views = {pod_template};
  for (std::size_t i = 1; i < views.size(); ++i) {
    views[i] = views[kPlaces[i].parent][kPlaces[i].key];
    if (!fits(views[i], kPlaces[i].kind)) return misplaced(kPlaces[i].kind, path_of(i, workload.template_path));
  }
  const json::View terms = views.back();
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const auto at = [&] { return path_of(views.size() - 1, workload.template_path) / i; };
    if (!fits(terms[i], json::Kind::Object)) return misplaced(json::Kind::Object, at());
    if (!fits(terms[i]["matchExpressions"], json::Kind::Array)) {
      return misplaced(json::Kind::Array, at() / "matchExpressions");
    }
  }
  for (const Container& container : workload.containers) {
    const json::View resources = container.view["resources"];
    if (!fits(resources, json::Kind::Object)) return misplaced(json::Kind::Object, container.path / "resources");
    if (!fits(resources["claims"], json::Kind::Array)) {
      return misplaced(json::Kind::Array, container.path / "resources" / "claims");
    }
    for (const std::string_view side : {"requests", "limits"}) {
      if (fits(resources[side], json::Kind::Object)) continue;
      return misplaced(json::Kind::Object, container.path / "resources" / side);
    }
  }
  return {};
}

// The member of `map` that is slot `slots` + `key`, as its author wrote it.
std::optional<std::string_view> authored_member(const Workload& workload, json::View map, std::string_view slots,
                                                std::string_view key) {
  const json::View present = map[key];
  if (!present || !workload.marker) return present.text();
  return workload.authored(std::string(slots) + std::string(key), present).text();
}

// The largest of the sizes that follow `key` in `text`. Their suffixes k, m, g and t are binary, in either case.
Bytes largest_size_after(std::string_view text, std::string_view key, std::string_view suffix_when_absent) {
  Bytes largest;
  for (std::size_t at = text.find(key); at != std::string_view::npos; at = text.find(key, at + key.size())) {
    const std::string_view size = text.substr(at + key.size());
    const std::size_t digits = std::min(size.find_first_not_of("0123456789"), size.size());
    if (digits == 0 || digits > 18) continue;
    std::string quantity(size.substr(0, digits));
    constexpr std::string_view kLetters = "kmgtKMGT";
    const std::size_t letter = digits < size.size() ? kLetters.find(size[digits]) : std::string_view::npos;
    if (letter == std::string_view::npos) {
      quantity += suffix_when_absent;
    } else {
      quantity += kLetters[letter % 4 + 4];
      quantity += 'i';
    }
    const auto bytes = parse_quantity(quantity).and_then(to_bytes);
    if (bytes) largest = std::max(largest, *bytes);
  }
  return largest;
}

// spark.executor.memory=8g and spark.driver.memory=8g, as spark-submit takes them: binary suffixes, mebibytes without.
// Source: https://spark.apache.org/docs/latest/configuration.html#application-properties
Bytes spark_heap(std::string_view text) {
  return std::max(largest_size_after(text, "spark.executor.memory=", "Mi"),
                  largest_size_after(text, "spark.driver.memory=", "Mi"));
}

// The heap a JVM is told to take: -Xmx8g in an argument or in an environment variable such as JAVA_TOOL_OPTIONS.
// Source: https://docs.oracle.com/en/java/javase/17/docs/specs/man/java.html
Bytes jvm_heap(std::string_view text) {
  return largest_size_after(text, "-Xmx", "");
}

}  // namespace

bool is_pod_annotation_of_ours(std::string_view key) {
  return key == kSafeToEvict || key == kDoNotDisrupt || key == kVolcanoQueue ||
         std::ranges::find(kGpuAnnotations, key) != kGpuAnnotations.end();
}

bool is_object_annotation_of_ours(std::string_view key) {
  return key == kVolcanoMinMember;
}

bool is_object_label_of_ours(std::string_view key) {
  return key == kKueueQueue || key == kKueueMaxExecTime;
}

std::optional<Owner> find_controller(json::View metadata) {
  for (const json::View owner : metadata["ownerReferences"].elements()) {
    if (owner["controller"].boolean() != true) continue;
    return Owner{owner["apiVersion"].text().value_or(""), owner["kind"].text().value_or(""),
                 owner["name"].text().value_or("")};
  }
  return std::nullopt;
}

std::optional<Quantity> Container::present(Side side, std::string_view resource) const {
  for (const Amount& amount : amounts) {
    if (amount.side == side && amount.resource == resource) return amount.present;
  }
  return std::nullopt;
}

std::optional<Quantity> Container::authored(Side side, std::string_view resource) const {
  for (const Amount& amount : amounts) {
    if (amount.side == side && amount.resource == resource) return amount.authored;
  }
  return std::nullopt;
}

std::optional<Quantity> Container::authored_request_or_limit(std::string_view resource) const {
  const auto request = authored(Side::Request, resource);
  return request ? request : authored(Side::Limit, resource);
}

bool Container::is_limit_ranger_default(Side side, std::string_view resource) const {
  return std::ranges::any_of(defaulted, [&](const Defaulted& d) { return d.side == side && d.resource == resource; });
}

const Container* Workload::find_container(std::string_view container_name) const {
  const auto found = std::ranges::find_if(containers, [&](const Container& c) { return c.name == container_name; });
  return found == containers.end() ? nullptr : &*found;
}

std::optional<Quantity> Workload::authored_of_pod(Side side, std::string_view resource) const {
  for (const Amount& amount : pod_amounts) {
    if (amount.side == side && amount.resource == resource) return amount.authored;
  }
  return std::nullopt;
}

std::string_view Workload::restart_policy() const {
  return pod_spec["restartPolicy"].text().value_or("Always");
}

std::int64_t Workload::rounds() const {
  const std::int64_t completions = std::max<std::int64_t>(job_spec["completions"].integer().value_or(1), 1);
  // A Job that is made with no parallelism waits for somebody to raise it.
  const std::int64_t parallelism = std::max<std::int64_t>(job_spec["parallelism"].integer().value_or(1), 1);
  return (completions - 1) / parallelism + 1;
}

std::int64_t Workload::side_by_side() const {
  const std::int64_t parallelism = job_spec["parallelism"].integer().value_or(1);
  return std::min(parallelism, job_spec["completions"].integer().value_or(parallelism));
}

std::optional<std::string_view> Workload::label(std::string_view key) const {
  const auto on_template = authored_member(*this, template_metadata["labels"], "labels.", key);
  return on_template || kind == Kind::Pod ? on_template : object_label(key);
}

std::optional<std::string_view> Workload::object_label(std::string_view key) const {
  const json::View labels = metadata["labels"];
  const bool gets_the_templates = job_spec && labels.size() == 0;
  return gets_the_templates ? authored_member(*this, template_metadata["labels"], "labels.", key)
                            : authored_member(*this, labels, "objectLabels.", key);
}

std::optional<std::string_view> Workload::object_annotation(std::string_view key) const {
  return authored_member(*this, metadata["annotations"], "objectAnnotations.", key);
}

std::optional<std::string_view> Workload::scheduler() const {
  // Source: pkg/apis/core/v1/defaults.go, SetDefaults_PodSpec.
  constexpr std::string_view kDefault = "default-scheduler";
  const auto chosen = authored("schedulerName", pod_spec["schedulerName"]).text();
  return chosen == "" || chosen == kDefault ? std::nullopt : chosen;
}

std::optional<std::string_view> Workload::pod_annotation(std::string_view key) const {
  return template_metadata["annotations"][key].text();
}

std::optional<std::string_view> Workload::authored_annotation(std::string_view key) const {
  return authored_member(*this, template_metadata["annotations"], "annotations.", key);
}

std::vector<Toleration> Workload::authored_tolerations() const {
  std::vector<Toleration> all;
  for (const json::View toleration : pod_spec["tolerations"].elements()) {
    if (is_ours("tolerations", toleration)) continue;
    const auto member = [&](std::string_view key) { return toleration[key].text().value_or(""); };
    all.push_back({member("key"), member("operator"), member("value"), member("effect")});
  }
  return all;
}

json::View Workload::authored(std::string_view slot, json::View present) const {
  if (present.is_null()) return {};
  const bool ours = marker && present && find_slot(marker->set, slot) == present;
  return ours ? find_slot(marker->was, slot) : present;
}

bool Workload::is_ours(std::string_view slot, json::View element) const {
  if (!marker) return false;
  for (const json::View one : find_slot(marker->set, slot).elements()) {
    if (one == element) return true;
  }
  return false;
}

std::size_t Workload::authored_elements(std::string_view slot, json::View present) const {
  std::size_t count = 0;
  for (const json::View element : present.elements()) {
    if (!is_ours(slot, element)) ++count;
  }
  return count;
}

bool Workload::has_pod_level(std::string_view resource) const {
  const json::View resources = pod_spec["resources"];
  return resources["requests"][resource] || resources["limits"][resource];
}

bool Workload::has_device_claims() const {
  if (authored_elements("resourceClaims", pod_spec["resourceClaims"]) > 0 ||
      object["spec"]["scheduling"]["resourceClaims"].size() > 0) {
    return true;
  }
  return std::ranges::any_of(containers, [&](const Container& container) {
    const json::View claims = container.view["resources"]["claims"];
    return (claims.size() > 0 && authored(std::string(container.name) + ".claims", claims).size() > 0) ||
           std::ranges::any_of(container.amounts, [](const Amount& amount) {
             return amount.resource.starts_with("deviceclass.resource.kubernetes.io/");
           });
  });
}

bool Workload::is_guaranteed() const {
  if (containers.empty()) return false;
  return std::ranges::all_of(containers, [](const Container& container) {
    return std::ranges::all_of(std::array<std::string_view, 2>{"cpu", "memory"}, [&](std::string_view resource) {
      const auto limit = container.authored(Side::Limit, resource);
      return limit && container.authored_request_or_limit(resource) == limit;
    });
  });
}

bool is_gpu_resource(std::string_view resource) {
  if (counts_gpus(resource)) return true;
  // Shares of GPUs, by those who hand them out: nvidia.com/gpumem is HAMi's.
  constexpr std::array<std::string_view, 3> kShares = {"nvidia.com/gpu", "koordinator.sh/gpu", "volcano.sh/vgpu-"};
  return std::ranges::any_of(kShares, [&](std::string_view start) { return resource.starts_with(start); });
}

bool counts_gpus(std::string_view resource) {
  constexpr std::array<std::string_view, 10> kNames = {
      "nvidia.com/gpu",        "nvidia.com/gpu.shared", "amd.com/gpu",
      "gpu.intel.com/i915",    "gpu.intel.com/xe",      "habana.ai/gaudi",
      "microsoft.com/directx", "google.com/tpu",        "koordinator.sh/gpu.shared",
      "volcano.sh/vgpu-number"};
  return std::ranges::find(kNames, resource) != kNames.end() || resource.starts_with("nvidia.com/mig-");
}

Bytes visible_heap(json::View container) {
  Bytes heap;
  for (const std::string_view list : {"command", "args"}) {
    for (const json::View argument : container[list].elements()) {
      const std::string_view text = argument.text().value_or("");
      heap = std::max({heap, jvm_heap(text), spark_heap(text)});
    }
  }
  for (const json::View variable : container["env"].elements()) {
    heap = std::max(heap, jvm_heap(variable["value"].text().value_or("")));
  }
  return heap;
}

Bytes memory_floor(const Workload& workload, const Container& container) {
  Bytes volumes;
  std::optional<std::set<std::string_view>> mounted;  // few pods have a volume in memory
  for (const json::View volume : workload.pod_spec["volumes"].elements()) {
    if (volume["emptyDir"]["medium"].text() != "Memory") continue;
    // By volume, not by mount: what is mounted twice is there once.
    if (!mounted) mounted = mounted_volumes(container);
    if (!mounted->contains(volume["name"].text().value_or(""))) continue;
    const auto limit = read_quantity(volume["emptyDir"]["sizeLimit"]);
    if (!limit) continue;
    if (const auto bytes = to_bytes(*limit)) volumes += *bytes;
  }
  return volumes + visible_heap(container.view);
}

namespace {

// What is found below the pod template, once it is known where that stands.
Result<Workload> finish(Workload workload, json::View pod_template, Markers markers) {
  workload.template_metadata = pod_template["metadata"];
  workload.pod_spec = pod_template["spec"];
  if (!workload.pod_spec.is_object()) {
    return fail(ErrorCode::Invalid, "there is no pod spec here", json::to_field_path(workload.template_path / "spec"));
  }
  const json::View own = workload.object["metadata"];
  workload.name = own["name"].text().value_or("");
  workload.name_space = own["namespace"].text().value_or("");
  workload.generate_name = own["generateName"].text().value_or("");
  if (markers == Markers::Read) find_marker(workload);

  PLIMSOLL_CHECK(read_containers(workload, "containers"));
  PLIMSOLL_CHECK(read_containers(workload, "initContainers"));
  PLIMSOLL_CHECK(check_places(workload, pod_template));
  if (workload.kind == Kind::Pod) {
    if (const auto text = workload.pod_annotation(kLimitRangerAnnotation)) {
      read_limit_ranger(*text, workload.containers);
    }
  }
  for (Container& container : workload.containers) PLIMSOLL_CHECK(read_container_amounts(workload, container));
  PLIMSOLL_TRY(pod_amounts, read_amounts(workload, kWholePod, workload.pod_spec["resources"],
                                         workload.template_path / "spec" / "resources"));
  workload.pod_amounts = std::move(pod_amounts);
  return workload;
}

/// Whoever makes Pods from `object` will be their controller.
Owner make_owner(json::View object) {
  return {object["apiVersion"].text().value_or(""), object["kind"].text().value_or(""),
          object["metadata"]["name"].text().value_or("")};
}

json::View member(json::View value, const std::string& token) {
  if (!value.is_array()) return value[token];
  std::size_t index = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
  const bool is_index = error == std::errc() && end == token.data() + token.size();
  return is_index && index < value.size() ? value[index] : json::View();
}

void find_templates(json::View value, const json::Pointer& at, std::span<const std::string> pattern,
                    std::vector<json::Pointer>& found) {
  if (found.size() > kMaxTemplates || !value || value.is_null()) return;
  if (pattern.empty()) {
    found.push_back(at);
    return;
  }
  const std::span<const std::string> rest = pattern.subspan(1);
  if (pattern.front() != "*") return find_templates(member(value, pattern.front()), at / pattern.front(), rest, found);
  std::size_t index = 0;
  for (const json::View element : value.elements()) find_templates(element, at / index++, rest, found);
  for (const json::Member& one : value.members()) find_templates(one.value, at / one.key, rest, found);
}

// A pod template inside a Job template: of a JobSet.
bool is_in_job_template(const json::Pointer& at) {
  return at.text().ends_with("/template/spec/template");
}

}  // namespace

Result<Workload> view_workload(Kind kind, json::View object, Markers markers) {
  Workload workload;
  workload.kind = kind;
  workload.object = object;
  if (kind == Kind::CronJob) {
    // Seen as the Job that it makes.
    const json::View job = object["spec"]["jobTemplate"];
    workload.kind_name = "CronJob";
    workload.controller = Owner{"batch/v1", "CronJob", object["metadata"]["name"].text().value_or("")};
    workload.metadata = job["metadata"];
    workload.job_spec = job["spec"];
    workload.object_path = json::Pointer("/spec/jobTemplate");
    workload.template_path = json::Pointer("/spec/jobTemplate/spec/template");
    workload.annotated = {{json::Pointer("/spec/jobTemplate/metadata"), workload.metadata},
                          {workload.template_path / "metadata", workload.job_spec["template"]["metadata"]}};
    workload.unread = {{json::Pointer("/metadata"), object["metadata"]}};
    return finish(std::move(workload), workload.job_spec["template"], markers);
  }
  workload.controller = find_controller(object["metadata"]);
  workload.metadata = object["metadata"];
  workload.annotated = {{json::Pointer("/metadata"), workload.metadata}};
  if (kind == Kind::Pod) {
    workload.kind_name = "Pod";
    return finish(std::move(workload), object, markers);
  }
  workload.kind_name = "Job";
  workload.template_path = json::Pointer("/spec/template");
  workload.job_spec = object["spec"];
  workload.annotated.push_back({workload.template_path / "metadata", workload.job_spec["template"]["metadata"]});
  return finish(std::move(workload), workload.job_spec["template"], markers);
}

std::vector<json::Pointer> find_templates(json::View object, std::string_view pattern) {
  std::vector<json::Pointer> found;
  find_templates(object, json::Pointer(), json::Pointer(std::string(pattern)).tokens(), found);
  return found;
}

Result<Workload> view_template(json::View object, const json::Pointer& at, Seen seen, Markers markers) {
  Workload workload;
  workload.object = object;
  workload.template_path = at;
  json::View place = object;
  json::Pointer path;
  json::View job_spec;
  for (const std::string& token : at.tokens()) {
    // A Job template's is that of the Jobs that come of it.
    const bool is_read = path == json::Pointer() || path.last().ends_with("emplate");
    if (is_read && place["metadata"]) workload.annotated.push_back({path / "metadata", place["metadata"]});
    job_spec = place;
    place = member(place, token);
    path /= token;
  }
  if (seen == Seen::AsPod) workload.unread.swap(workload.annotated);
  workload.annotated.push_back({at / "metadata", place["metadata"]});
  if (seen == Seen::AsPod) {
    workload.kind = Kind::Pod;
    workload.kind_name = "Pod";
    workload.controller = make_owner(object);
    workload.metadata = place["metadata"];
    return finish(std::move(workload), place, markers);
  }
  workload.kind = Kind::Other;
  workload.kind_name = object["kind"].text().value_or("");
  workload.controller = find_controller(object["metadata"]);
  workload.metadata = object["metadata"];
  if (is_in_job_template(at)) workload.job_spec = job_spec;
  return finish(std::move(workload), place, markers);
}

}  // namespace plimsoll::workload
