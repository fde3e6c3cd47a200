#include "lower.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <variant>

#include "plimsoll/json/builder.hpp"
#include "plimsoll/json/document.hpp"

namespace plimsoll::decide {
namespace {

using json::Builder;
using json::Pointer;
using json::View;
using workload::Workload;

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

constexpr std::string_view kNoLongerWanted = "the estimate no longer asks for it";

std::string_view side_name(workload::Side side) {
  return side == workload::Side::Request ? "requests" : "limits";
}

std::string slot_of(std::string_view owner, workload::Side side, std::string_view resource) {
  std::string slot(owner);
  return slot.append(".").append(side_name(side)).append(".").append(resource);
}

View make_toleration(Builder& make, const config::Toleration& t) {
  const auto unless_empty = [&](const std::string& text) { return text.empty() ? View() : make.text(text); };
  return make.object({{"key", unless_empty(t.key)},
                      {"operator", make.text(t.op)},
                      {"value", unless_empty(t.value)},
                      {"effect", unless_empty(t.effect)},
                      {"tolerationSeconds", t.seconds ? make.integer(*t.seconds) : View()}});
}

View make_expression(Builder& make, const config::NodeRequirement& r) {
  std::vector<View> values;
  for (const std::string& value : r.values) values.push_back(make.text(value));
  return make.object({{"key", make.text(r.key)},
                      {"operator", make.text(r.op)},
                      {"values", values.empty() ? View() : make.array(values)}});
}

View make_preference(Builder& make, const plan::PreferNode& p) {
  const View expressions = make.array({make_expression(make, p.requirement)});
  return make.object(
      {{"weight", make.integer(p.weight)}, {"preference", make.object({{"matchExpressions", expressions}})}});
}

View make_family_selector(Builder& make, const std::string& family) {
  return make.object({{"matchLabels", make.object({{plan::kFamilyLabel, make.text(family)}})}});
}

View make_affinity_term(Builder& make, const std::string& family, const std::string& topology_key) {
  return make.object({{"labelSelector", make_family_selector(make, family)}, {"topologyKey", make.text(topology_key)}});
}

View make_preferred(Builder& make, View term) {
  return make.object({{"weight", make.integer(100)}, {"podAffinityTerm", term}});
}

View make_spread(Builder& make, const plan::AddTopologySpread& s) {
  return make.object({{"maxSkew", make.integer(1)},
                      {"topologyKey", make.text(s.topology_key)},
                      {"whenUnsatisfiable", make.text("ScheduleAnyway")},
                      {"labelSelector", make_family_selector(make, s.family)}});
}

// Whether both say the same, quantities by amount ("1024Mi" is "1Gi").
bool says(View present, View wanted) {
  if (present == wanted) return true;
  if (!present.text() || !wanted.text()) return false;
  const auto a = parse_quantity(*present.text());
  const auto b = parse_quantity(*wanted.text());
  return a && b && *a == *b;
}

// The map that a scalar slot is a member of.
struct Place {
  enum class In { PodSpec, PodMetadata, Resources, JobSpec, ObjectMetadata };
  In in = In::PodSpec;
  std::string_view map;  // empty: that one itself
  std::string_view key;
  const workload::Container* container = nullptr;  // whose resources; nothing: the pod's own
};

std::optional<std::string_view> below(std::string_view slot, std::string_view map) {
  if (!slot.starts_with(map) || slot.substr(map.size(), 1) != ".") return std::nullopt;
  return slot.substr(map.size() + 1);
}

// Slots of a Job itself, which its Pods do not have although they have its marker.
std::optional<Place> find_place_in_job(std::string_view slot) {
  if (slot == "job.suspend" || slot == "job.activeDeadlineSeconds") {
    return Place{Place::In::JobSpec, "", slot.substr(slot.find('.') + 1)};
  }
  if (const auto key = below(slot, "objectLabels"); key && workload::is_object_label_of_ours(*key)) {
    return Place{Place::In::ObjectMetadata, "labels", *key};
  }
  if (const auto key = below(slot, "objectAnnotations"); key && workload::is_object_annotation_of_ours(*key)) {
    return Place{Place::In::ObjectMetadata, "annotations", *key};
  }
  return std::nullopt;
}

// Where the place of a slot is; nothing for a slot that this object does not have (a forged or outdated marker).
std::optional<Place> find_place(const Workload& workload, std::string_view slot) {
  if (slot == "priorityClassName" || slot == "schedulerName" || slot == "activeDeadlineSeconds") {
    return Place{Place::In::PodSpec, "", slot};
  }
  if (const auto rest = below(slot, workload::kWholePod)) {
    for (const std::string_view side : {"requests", "limits"}) {
      if (const auto resource = below(*rest, side)) return Place{Place::In::Resources, side, *resource};
    }
  }
  for (const workload::Container& container : workload.containers) {
    const auto rest = below(slot, container.name);
    if (!rest) continue;
    for (const std::string_view side : {"requests", "limits"}) {
      if (const auto resource = below(*rest, side)) return Place{Place::In::Resources, side, *resource, &container};
    }
    if (*rest == "claims") return Place{Place::In::Resources, "", "claims", &container};
  }
  if (const auto key = below(slot, "nodeSelector")) return Place{Place::In::PodSpec, "nodeSelector", *key};
  if (const auto key = below(slot, "labels")) return Place{Place::In::PodMetadata, "labels", *key};
  if (const auto key = below(slot, "annotations"); key && workload::is_pod_annotation_of_ours(*key)) {
    return Place{Place::In::PodMetadata, "annotations", *key};
  }
  return workload.is_job() ? find_place_in_job(slot) : std::nullopt;
}

View view_place(const Workload& workload, const Place& place) {
  View map;
  switch (place.in) {
    case Place::In::PodSpec:
      map = workload.pod_spec;
      break;
    case Place::In::PodMetadata:
      map = workload.template_metadata;
      break;
    case Place::In::Resources:
      map = (place.container != nullptr ? place.container->view : workload.pod_spec)["resources"];
      break;
    case Place::In::JobSpec:
      map = workload.job_spec;
      break;
    case Place::In::ObjectMetadata:
      map = workload.metadata;
      break;
  }
  return (place.map.empty() ? map : map[place.map])[place.key];
}

// A value that is to stand in one place.
struct Scalar {
  std::string slot;
  View value;
  std::string_view rule;
  std::string_view reason;
};

// Elements that are to stand in one list.
struct List {
  std::string_view slot;
  std::array<std::string_view, 4> path;  // below the pod spec; empty names at the end
  struct Element {
    View value;
    std::string_view rule;
    std::string_view reason;
  };
  std::vector<Element> elements = {};
};

constexpr std::string_view kRequired = "nodeAffinity.required";
constexpr std::string_view kRequiredNow = "requiredDuringSchedulingIgnoredDuringExecution";
constexpr std::string_view kPreferredNow = "preferredDuringSchedulingIgnoredDuringExecution";

using Lists = std::array<List, 8>;
const Lists kNoElements = {{
    {kRequired, {"affinity", "nodeAffinity", kRequiredNow, "nodeSelectorTerms"}},
    {"nodeAffinity.preferred", {"affinity", "nodeAffinity", kPreferredNow}},
    {"podAffinity.preferred", {"affinity", "podAffinity", kPreferredNow}},
    {"podAntiAffinity.required", {"affinity", "podAntiAffinity", kRequiredNow}},
    {"podAntiAffinity.preferred", {"affinity", "podAntiAffinity", kPreferredNow}},
    {"resourceClaims", {"resourceClaims"}},
    {"tolerations", {"tolerations"}},
    {"topologySpreadConstraints", {"topologySpreadConstraints"}},
}};

// The places that are looked at, with what stands there and what is to be added: one tree for the pod template and, of
// a Job, one each for its metadata and its spec, so that whatever is missing together is added by one operation.
class Additions {
 public:
  using Node = std::size_t;
  static constexpr Node kTemplate = 0;
  static constexpr Node kSpec = 1;
  static constexpr Node kMetadata = 2;

  explicit Additions(const Workload& workload) {
    constexpr std::size_t kUsual = 32;
    nodes_.reserve(kUsual);
    nodes_.push_back({.pointer = workload.template_path});
    make(kTemplate, "spec", workload.pod_spec);
    make(kTemplate, "metadata", workload.template_metadata);
    if (!workload.is_job()) return;
    object_metadata_ = make_root(workload.object_path / "metadata", workload.metadata);
    job_spec_ = make_root(workload.object_path / "spec", workload.job_spec);
  }

  /// The member `key` of `parent`.
  Node below(Node parent, std::string_view key) {
    const Node found = find(parent, key);
    return found != kNone ? found : make(parent, key, nodes_[parent].present[key]);
  }
  Node at(const Place& place) {
    Node node = root(place);
    if (!place.map.empty()) node = below(node, place.map);
    return below(node, place.key);
  }
  Node at(const List& list) {
    Node node = kSpec;
    for (const std::string_view key : list.path) {
      if (!key.empty()) node = below(node, key);
    }
    return node;
  }

  View present(Node node) const { return nodes_[node].present; }
  Node parent(Node node) const { return nodes_[node].parent; }
  /// Made once for each node: many stand in the same map. Valid until the next node is made.
  const Pointer& pointer(Node node) {
    Entry& entry = nodes_[node];
    if (node != kTemplate && entry.pointer.text().empty()) entry.pointer = pointer(entry.parent) / entry.key;
    return entry.pointer;
  }

  void add(Node node, View value) { nodes_[node].value = value; }
  /// Appends the operations that add all that was said.
  void write(Builder& make, std::vector<patch::Operation>& operations) {
    for_each_child(kTemplate, [&](Node child) { write(child, make, operations); });
    for (const Node root : {object_metadata_, job_spec_}) {
      if (root != kNone) write(root, make, operations);
    }
  }

 private:
  struct Entry {
    std::string_view key = {};
    View present = {};
    View value = {};
    Node parent = kTemplate;
    Node first_child = kNone;
    Node last_child = kNone;
    Node next = kNone;     // child of the same parent
    Pointer pointer = {};  // empty: not asked for yet
  };
  static constexpr Node kNone = kTemplate;  // nobody's child

  template <class Visit>
  void for_each_child(Node node, Visit visit) const {
    for (Node child = nodes_[node].first_child; child != kNone; child = nodes_[child].next) visit(child);
  }
  Node find(Node parent, std::string_view key) const {
    Node child = nodes_[parent].first_child;
    while (child != kNone && nodes_[child].key != key) child = nodes_[child].next;
    return child;
  }
  Node make(Node parent, std::string_view key, View present) {
    const Node made = nodes_.size();
    nodes_.push_back({.key = key, .present = present, .parent = parent});
    Entry& above = nodes_[parent];
    (above.last_child == kNone ? above.first_child : nodes_[above.last_child].next) = made;
    above.last_child = made;
    return made;
  }
  Node make_root(const Pointer& at, View present) {
    nodes_.push_back({.present = present, .pointer = at});
    return nodes_.size() - 1;
  }
  Node root(const Place& place) {
    switch (place.in) {
      case Place::In::PodSpec:
        return kSpec;
      case Place::In::PodMetadata:
        return kMetadata;
      case Place::In::Resources:
        return below(place.container != nullptr ? at(*place.container) : kSpec, "resources");
      case Place::In::JobSpec:
        return job_spec_;
      case Place::In::ObjectMetadata:
        return object_metadata_;
    }
    return kSpec;
  }
  Node at(const workload::Container& container) {
    const bool is_app = container.role == workload::Container::Role::App;
    const Node list = below(kSpec, is_app ? "containers" : "initContainers");
    const std::string& path = container.path.text();
    const std::string_view index = std::string_view(path).substr(path.rfind('/') + 1);
    const Node found = find(list, index);
    return found != kNone ? found : make(list, index, container.view);
  }

  // What is to stand at `node` where nothing stands yet.
  View grown(Node node, Builder& make) const {
    if (nodes_[node].value) return nodes_[node].value;
    std::vector<json::Member> members;
    for_each_child(node, [&](Node child) {
      if (const View value = grown(child, make)) members.push_back({nodes_[child].key, value});
    });
    return members.empty() ? View() : make.object(members);
  }
  void write(Node node, Builder& make, std::vector<patch::Operation>& operations) {
    const Entry& entry = nodes_[node];
    // A null counts as missing.
    if (!entry.value && (entry.present.is_object() || entry.present.is_array())) {
      for_each_child(node, [&](Node child) { write(child, make, operations); });
    } else if (const View value = grown(node, make)) {
      operations.push_back({patch::Operation::Op::Add, pointer(node), value});
    }
  }

  std::vector<Entry> nodes_;
  Node object_metadata_ = kNone;
  Node job_spec_ = kNone;
};

using Node = Additions::Node;

class Lowering {
 public:
  Lowering(const Workload& workload, Scope scope)
      : workload_(workload), scope_(scope), make_(std::make_shared<Builder>()), additions_(workload) {
    constexpr std::size_t kUsual = 16;
    scalars_.reserve(kUsual);
    out_.patch.operations.reserve(kUsual);
    out_.changes.reserve(kUsual);
  }

  void add(const plan::Change& change);
  void keep_known_slots();
  void take_back_unwanted();
  void write_spec();
  void write_marker(workload::Marker marker);
  Lowered take() &&;

 private:
  void write_scalar(const Scalar& scalar);
  void write_list(List list);
  void write_required_terms(List list);
  void replace_computed_priority();
  std::size_t annotation_bytes(std::string_view slots, View metadata) const;
  /// Takes back what stands at `at`, which was ours.
  void remove(const Pointer& at, View present);
  void remove(Node node) { remove(additions_.pointer(node), additions_.present(node)); }
  void append(const Pointer& list, View element) {
    out_.patch.operations.push_back({patch::Operation::Op::Add, list / "-", element});
  }
  void say(const List::Element& element, const Pointer& place) {
    out_.changes.push_back({element.rule, place, "", json::write(element.value), std::string(element.reason)});
  }
  View join(const std::vector<List::Element>& elements) {
    std::vector<View> values;
    for (const List::Element& element : elements) values.push_back(element.value);
    return make_->array(values);
  }
  bool is_ours(std::string_view slot, View element) const { return workload_.is_ours(slot, element); }

  const Workload& workload_;
  Scope scope_;
  std::shared_ptr<Builder> make_;
  std::vector<Scalar> scalars_;
  Lists lists_ = kNoElements;
  Additions additions_;
  // What the Priority plugin will find in the class that is written; empty: not known.
  struct {
    View priority;
    View preemption_policy;
  } computed_;
  workload::Slots set_;
  workload::Slots was_;
  Lowered out_;
};

// All keys and values together. Source: apimachinery pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB.
constexpr std::size_t kAnnotationsLimit = 256 << 10;

std::size_t size_of_annotations(View metadata) {
  std::size_t size = 0;
  for (const json::Member& one : metadata["annotations"].members()) {
    if (one.key != workload::kMarkerAnnotation) size += one.key.size() + one.value.text().value_or("").size();
  }
  return size;
}

void Lowering::add(const plan::Change& change) {
  const auto scalar = [&](std::string slot, View value) {
    const bool taken = std::ranges::any_of(scalars_, [&](const Scalar& s) { return s.slot == slot; });
    if (taken) return;
    scalars_.push_back({std::move(slot), value, change.rule, change.reason});
  };
  const auto element = [&](std::string_view slot, View value) {
    auto& elements = std::ranges::find_if(lists_, [&](const List& l) { return l.slot == slot; })->elements;
    const bool taken = std::ranges::any_of(elements, [&](const List::Element& e) { return e.value == value; });
    if (!taken) elements.push_back({value, change.rule, change.reason});
  };
  Builder& make = *make_;
  std::visit(Overloaded{
                 [&](const plan::SetAmount& c) {
                   scalar(slot_of(workload_.containers[c.container].name, c.side, c.resource), make.text(c.quantity));
                 },
                 [&](const plan::SetPodAmount& c) {
                   scalar(slot_of(workload::kWholePod, c.side, c.resource), make.text(c.quantity));
                 },
                 [&](const plan::SetPriorityClass& c) {
                   scalar("priorityClassName", make.text(c.name));
                   if (c.value) computed_ = {make.integer(*c.value), make.text(c.preemption_policy)};
                 },
                 [&](const plan::AddToleration& c) { element("tolerations", make_toleration(make, c.toleration)); },
                 [&](const plan::AddNodeSelector& c) { scalar("nodeSelector." + c.key, make.text(c.value)); },
                 [&](const plan::RequireNode& c) { element(kRequired, make_expression(make, c.requirement)); },
                 [&](const plan::PreferNode& c) { element("nodeAffinity.preferred", make_preference(make, c)); },
                 [&](const plan::AddPodAffinity& c) {
                   element("podAffinity.preferred",
                           make_preferred(make, make_affinity_term(make, c.family, c.topology_key)));
                 },
                 [&](const plan::AddPodAntiAffinity& c) {
                   const View term = make_affinity_term(make, c.family, c.topology_key);
                   if (c.strength == plan::AddPodAntiAffinity::Strength::Required) {
                     element("podAntiAffinity.required", term);
                   } else {
                     element("podAntiAffinity.preferred", make_preferred(make, term));
                   }
                 },
                 [&](const plan::AddTopologySpread& c) { element("topologySpreadConstraints", make_spread(make, c)); },
                 [&](const plan::SetPodDeadline& c) { scalar("activeDeadlineSeconds", make.integer(c.seconds)); },
                 [&](const plan::SetLabel& c) { scalar("labels." + c.key, make.text(c.value)); },
                 [&](const plan::SetScheduler& c) { scalar("schedulerName", make.text(c.name)); },
                 [&](const plan::SetJobDeadline& c) { scalar("job.activeDeadlineSeconds", make.integer(c.seconds)); },
                 [&](const plan::SuspendJob&) { scalar("job.suspend", make.boolean(true)); },
                 [&](const plan::SetJobLabel& c) { scalar("objectLabels." + c.key, make.text(c.value)); },
                 [&](const plan::SetJobAnnotation& c) { scalar("objectAnnotations." + c.key, make.text(c.value)); },
                 [&](const plan::SetPodAnnotation& c) { scalar("annotations." + c.key, make.text(c.value)); },
                 [&](const plan::AddResourceClaim& c) {
                   element("resourceClaims", make.object({{"name", make.text(c.name)},
                                                          {"resourceClaimTemplateName", make.text(c.claim_template)}}));
                 },
                 [&](const plan::UseResourceClaim& c) {
                   scalar(std::string(workload_.containers[c.container].name) + ".claims",
                          make.array({make.object({{"name", make.text(c.name)}})}));
                 },
             },
             change.edit);
}

void Lowering::keep_known_slots() {
  if (!workload_.marker) return;
  set_ = workload_.marker->set;
  was_ = workload_.marker->was;
}

void Lowering::take_back_unwanted() {
  if (!workload_.marker) return;
  for (const auto& [slot, value] : workload_.marker->set) {
    const std::string_view name = slot;
    if (std::ranges::any_of(scalars_, [&](const Scalar& s) { return s.slot == name; })) continue;
    const auto place = find_place(workload_, slot);
    if (!place) continue;
    const Node node = additions_.at(*place);
    const View present = additions_.present(node);
    if (!present || !(present == value)) continue;  // somebody else's by now
    if (const View before = workload_.authored(slot, present)) {
      additions_.add(node, make_->copy(before));
      out_.changes.push_back(
          {"", additions_.pointer(node), json::write(value), json::write(before), "back to what its author wrote"});
    } else {
      remove(node);
    }
    if (slot == "priorityClassName") replace_computed_priority();
  }
}

void Lowering::remove(const Pointer& at, View present) {
  out_.patch.operations.push_back({patch::Operation::Op::Remove, at});
  out_.changes.push_back({"", at, json::write(present), "", std::string(kNoLongerWanted)});
}

// The Priority plugin has put another class's numbers into the Pod and would refuse them beside the new class. Without
// them it computes both anew in the second pass, and that change makes the API server call every hook again that asks
// for it, ours too. With the new class's own numbers it finds nothing to change, and nobody is called again.
// Source: plugin/pkg/admission/priority/admission.go.
void Lowering::replace_computed_priority() {
  if (workload_.kind != workload::Kind::Pod) return;
  const auto replace = [&](std::string_view key, View value) {
    const Node node = additions_.below(Additions::kSpec, key);
    const View present = additions_.present(node);
    if (!present || present == value) return;
    if (value) {
      additions_.add(node, value);
    } else {
      out_.patch.operations.push_back({patch::Operation::Op::Remove, additions_.pointer(node)});
    }
  };
  replace("priority", computed_.priority);
  replace("preemptionPolicy", computed_.preemption_policy);
}

void Lowering::write_scalar(const Scalar& scalar) {
  const Node node = additions_.at(*find_place(workload_, scalar.slot));
  const View present = additions_.present(node);
  const View before = workload_.authored(scalar.slot, present);
  const bool is_there = says(present, scalar.value);
  if (is_there && before == present) return;  // its author wrote the same, and it stays his
  // What is written is what will be compared: the text that stands there, not another one for the same amount.
  workload::set_slot(set_, scalar.slot, is_there ? present : scalar.value);
  if (before && !(before == scalar.value)) workload::set_slot(was_, scalar.slot, before);
  if (is_there) return;
  additions_.add(node, scalar.value);
  out_.changes.push_back({scalar.rule, additions_.pointer(node), present ? json::write(present) : "",
                          json::write(scalar.value), std::string(scalar.reason)});
  if (scalar.slot == "priorityClassName") replace_computed_priority();
}

View find_element(View list, View wanted) {
  for (const View element : list.elements()) {
    if (element == wanted) return element;
  }
  return {};
}

bool contains_value(const List& list, View element) {
  return std::ranges::any_of(list.elements, [&](const List::Element& e) { return e.value == element; });
}

void Lowering::write_list(List list) {
  const Node node = additions_.at(list);
  const View present = additions_.present(node);
  // An element that its author wrote too is not claimed: it would be taken from him one day.
  std::erase_if(list.elements, [&](const List::Element& e) {
    const View found = find_element(present, e.value);
    return found && !is_ours(list.slot, found);
  });
  if (!list.elements.empty()) workload::set_slot(set_, list.slot, join(list.elements));
  std::vector<std::size_t> unwanted;
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (is_ours(list.slot, present[i]) && !contains_value(list, present[i])) unwanted.push_back(i);
  }
  if (!unwanted.empty() && unwanted.size() == present.size() && list.elements.empty()) return remove(node);

  const Pointer& place = additions_.pointer(node);
  if (!present.is_array()) {
    if (!list.elements.empty()) additions_.add(node, join(list.elements));
    for (const List::Element& element : list.elements) say(element, place);
    return;
  }
  for (auto i = unwanted.rbegin(); i != unwanted.rend(); ++i) remove(place / *i, present[*i]);
  std::erase_if(list.elements, [&](const List::Element& e) { return !!find_element(present, e.value); });
  for (const List::Element& element : list.elements) {
    append(place, element.value);
    say(element, place);
  }
}

// nodeSelectorTerms are alternatives: a requirement holds only if every one of them has it. A term without expressions
// matches nothing and must not begin to match, so it is passed over.
void Lowering::write_required_terms(List list) {
  const Node node = additions_.at(list);
  const View terms = additions_.present(node);
  const auto is_empty = [](View term) {
    return term["matchExpressions"].size() == 0 && term["matchFields"].size() == 0;
  };
  std::erase_if(list.elements, [&](const List::Element& e) {
    // Its author wrote it into every term.
    bool everywhere = terms.size() > 0;
    for (const View term : terms.elements()) {
      const View found = find_element(term["matchExpressions"], e.value);
      everywhere = everywhere && (is_empty(term) || (found && !is_ours(list.slot, found)));
    }
    return everywhere;
  });
  if (!list.elements.empty()) workload::set_slot(set_, list.slot, join(list.elements));
  if (terms.size() == 0) {
    if (list.elements.empty()) return;
    additions_.add(node, make_->array({make_->object({{"matchExpressions", join(list.elements)}})}));
    for (const List::Element& element : list.elements) say(element, additions_.pointer(node));
    return;
  }
  const auto only_ours = [&](View term) {
    for (const View expression : term["matchExpressions"].elements()) {
      if (!is_ours(list.slot, expression)) return false;
    }
    return term["matchExpressions"].size() > 0 && term["matchFields"].size() == 0;
  };
  std::size_t made_by_us = 0;
  for (const View term : terms.elements()) made_by_us += only_ours(term) ? std::size_t{1} : 0;
  const bool takes_terms_back = list.elements.empty() && made_by_us > 0;
  // Without the terms that we made the whole requirement goes, as an empty list of terms is invalid.
  if (takes_terms_back && made_by_us == terms.size()) return remove(additions_.parent(node));

  const Pointer& place = additions_.pointer(node);
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const View expressions = terms[t]["matchExpressions"];
    if (is_empty(terms[t]) || (takes_terms_back && only_ours(terms[t]))) continue;
    const Pointer at_expressions = place / t / "matchExpressions";
    for (std::size_t i = expressions.size(); i-- > 0;) {
      if (!is_ours(list.slot, expressions[i]) || contains_value(list, expressions[i])) continue;
      remove(at_expressions / i, expressions[i]);
    }
    std::vector<List::Element> missing = list.elements;
    std::erase_if(missing, [&](const List::Element& e) { return !!find_element(expressions, e.value); });
    for (const List::Element& element : missing) {
      if (expressions.is_array()) append(at_expressions, element.value);
      say(element, at_expressions);
    }
    if (!expressions.is_array() && !missing.empty()) {
      out_.patch.operations.push_back({patch::Operation::Op::Add, at_expressions, join(missing)});
    }
  }
  for (std::size_t t = terms.size(); takes_terms_back && t-- > 0;) {
    if (only_ours(terms[t])) remove(place / t, terms[t]);
  }
}

void Lowering::write_spec() {
  for (const Scalar& scalar : scalars_) write_scalar(scalar);
  for (List& list : lists_) {
    const bool may_take_back =
        scope_ == Scope::Whole && workload_.marker && workload::find_slot(workload_.marker->set, list.slot);
    if (list.elements.empty() && !may_take_back) continue;
    if (list.slot == kRequired) {
      write_required_terms(std::move(list));
    } else {
      write_list(std::move(list));
    }
  }
}

void Lowering::write_marker(workload::Marker marker) {
  marker.set = std::move(set_);
  marker.was = std::move(was_);
  const Node annotations = additions_.below(Additions::kMetadata, "annotations");
  const Node node = additions_.below(annotations, workload::kMarkerAnnotation);
  const View present = additions_.present(node);
  std::erase_if(marker.known, [&](const std::string& name) { return workload::has_slot(marker, name); });
  if (marker.set.empty()) {
    // Also one that was put aside: it would be believed the next time.
    const auto known = workload::parse_marker(present.text().value_or(""));
    if (known && workload::read_marker(known->root())) {
      out_.patch.operations.push_back({patch::Operation::Op::Remove, additions_.pointer(node)});
    }
    return;
  }
  const std::string text = to_text(marker);
  if (present.text() == text) return;
  additions_.add(node, make_->text(text));
  const std::size_t of_marker = workload::kMarkerAnnotation.size() + text.size();
  out_.lacks_room = annotation_bytes("annotations", workload_.template_metadata) + of_marker > kAnnotationsLimit;
  if (!workload_.is_job() || out_.lacks_room) return;
  const std::size_t of_job = annotation_bytes("objectAnnotations", workload_.metadata);
  out_.lacks_room = of_job > kAnnotationsLimit && of_job > size_of_annotations(workload_.metadata);
}

// Of `metadata` with what is added there in `slots`, the marker not counted.
std::size_t Lowering::annotation_bytes(std::string_view slots, View metadata) const {
  std::size_t size = size_of_annotations(metadata);
  for (const Scalar& scalar : scalars_) {
    const auto key = below(scalar.slot, slots);
    if (key && !metadata["annotations"][*key]) size += key->size() + scalar.value.text().value_or("").size();
  }
  return size;
}

Lowered Lowering::take() && {
  additions_.write(*make_, out_.patch.operations);
  out_.patch.values = std::move(make_);
  return std::move(out_);
}

}  // namespace

Lowered lower(const Workload& workload, const std::vector<plan::Change>& changes, workload::Marker marker,
              Scope scope) {
  Lowering lowering(workload, scope);
  for (const plan::Change& change : changes) lowering.add(change);
  if (scope == Scope::Beside) {
    lowering.keep_known_slots();
  } else {
    lowering.take_back_unwanted();
  }
  lowering.write_spec();
  lowering.write_marker(std::move(marker));
  return std::move(lowering).take();
}

namespace {

bool is_list(std::string_view slot) {
  return std::ranges::any_of(kNoElements, [&](const List& list) { return list.slot == slot; });
}

bool stands_in_list(const Workload& workload, std::string_view slot, View elements) {
  const auto place = std::ranges::find_if(kNoElements, [&](const List& list) { return list.slot == slot; });
  if (place == kNoElements.end()) return false;
  View list = workload.pod_spec;
  for (const std::string_view key : place->path) {
    if (!key.empty()) list = list[key];
  }
  for (const View element : elements.elements()) {
    bool found = slot != kRequired && find_element(list, element);
    if (slot == kRequired) {
      for (const View term : list.elements()) found = found || find_element(term["matchExpressions"], element);
    }
    if (!found) return false;
  }
  return true;
}

bool stands_in_place(const Workload& workload, std::string_view slot, View value) {
  const auto place = find_place(workload, slot);
  if (!place) return !workload.is_job() && find_place_in_job(slot);  // at the Pod's Job
  return view_place(workload, *place) == value;
}

}  // namespace

bool still_stands(const Workload& workload) {
  return std::ranges::all_of(workload.marker->set, [&](const json::Member& slot) {
    return is_list(slot.key) ? stands_in_list(workload, slot.key, slot.value)
                             : stands_in_place(workload, slot.key, slot.value);
  });
}

Lowered lower_unmarked(const Workload& workload, const std::vector<plan::Change>& changes) {
  Lowering lowering(workload, Scope::Beside);
  for (const plan::Change& change : changes) lowering.add(change);
  lowering.write_spec();
  return std::move(lowering).take();
}

}  // namespace plimsoll::decide
