#include "lower.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <set>
#include <string>
#include <variant>

#include "plimsoll/json/document.hpp"
#include "plimsoll/json/writer.hpp"

namespace plimsoll::decide {
namespace {

using json::Pointer;
using json::View;
using workload::Workload;

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

std::string_view side_name(workload::Side side) {
  return side == workload::Side::Request ? "requests" : "limits";
}

std::string toleration_json(const config::Toleration& t) {
  json::Writer w;
  w.begin_object();
  if (!t.key.empty()) w.member("key", t.key);
  w.member("operator", t.op);
  if (!t.value.empty()) w.member("value", t.value);
  if (!t.effect.empty()) w.member("effect", t.effect);
  if (t.seconds) w.member("tolerationSeconds", *t.seconds);
  w.end_object();
  return std::move(w).take();
}

std::string expression_json(const config::NodeRequirement& r) {
  json::Writer w;
  w.begin_object().member("key", r.key).member("operator", r.op);
  if (!r.values.empty()) {
    w.key("values").begin_array();
    for (const std::string& value : r.values) w.value(value);
    w.end_array();
  }
  w.end_object();
  return std::move(w).take();
}

std::string preference_json(const plan::PreferNode& p) {
  json::Writer w;
  w.begin_object().member("weight", p.weight).key("preference").begin_object().key("matchExpressions").begin_array();
  w.raw(expression_json(p.requirement)).end_array().end_object().end_object();
  return std::move(w).take();
}

void write_family_selector(json::Writer& w, const std::string& family) {
  w.key("labelSelector").begin_object().key("matchLabels").begin_object();
  w.member(plan::kFamilyLabel, family).end_object().end_object();
}

std::string anti_affinity_json(const plan::AddPodAntiAffinity& a) {
  json::Writer w;
  w.begin_object();
  if (a.strength == plan::AddPodAntiAffinity::Strength::Preferred) {
    w.member("weight", std::int64_t{100}).key("podAffinityTerm").begin_object();
  }
  write_family_selector(w, a.family);
  w.member("topologyKey", a.topology_key);
  if (a.strength == plan::AddPodAntiAffinity::Strength::Preferred) w.end_object();
  w.end_object();
  return std::move(w).take();
}

std::string spread_json(const plan::AddTopologySpread& s) {
  json::Writer w;
  w.begin_object().member("maxSkew", std::int64_t{1}).member("topologyKey", s.topology_key);
  w.member("whenUnsatisfiable", "ScheduleAnyway");
  write_family_selector(w, s.family);
  w.end_object();
  return std::move(w).take();
}

// Whether two JSON texts say the same, quantities by amount ("1024Mi" is "1Gi").
bool says(View present, const std::string& wanted) {
  if (!present || present.is_null()) return false;
  if (json::write(present) == wanted) return true;
  const auto text = present.text();
  if (!text || wanted.size() < 2 || wanted.front() != '"') return false;
  const auto a = parse_quantity(*text);
  const auto b = parse_quantity(std::string_view(wanted).substr(1, wanted.size() - 2));
  return a && b && *a == *b;
}

// A value that is to stand in one place.
struct Scalar {
  std::string slot;
  Pointer parent;
  View parent_view;
  std::string key;
  std::string value;
  std::string_view rule;
  std::string reason;
};

// Elements that are to stand in one list.
struct List {
  std::string_view slot;
  std::string_view parent;  // below the pod spec
  std::string_view key;
  struct Element {
    std::string value;
    std::string_view rule;
    std::string reason;
  };
  std::vector<Element> elements = {};
};

constexpr std::string_view kRequired = "nodeAffinity.required";
constexpr std::string_view kNodeSelectorSlot = "nodeSelector.";
constexpr std::string_view kLabelSlot = "labels.";

using Lists = std::array<List, 6>;
const Lists kNoElements = {{
    {kRequired, "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"},
    {"nodeAffinity.preferred", "/affinity/nodeAffinity", "preferredDuringSchedulingIgnoredDuringExecution"},
    {"podAntiAffinity.required", "/affinity/podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution"},
    {"podAntiAffinity.preferred", "/affinity/podAntiAffinity", "preferredDuringSchedulingIgnoredDuringExecution"},
    {"tolerations", "", "tolerations"},
    {"topologySpreadConstraints", "", "topologySpreadConstraints"},
}};

class Lowering {
 public:
  Lowering(const Workload& workload, Scope scope)
      : workload_(workload),
        scope_(scope),
        spec_(workload.template_path / "spec"),
        metadata_(workload.template_path / "metadata") {
    constexpr std::size_t kUsual = 16;
    out_.patch.reserve(kUsual);
    out_.changes.reserve(kUsual);
  }

  void add(const plan::Change& change);
  void keep_known_slots();
  void take_back_unwanted();
  void write_spec();
  void write_marker(workload::Marker marker);
  Lowered take() && { return std::move(out_); }

 private:
  void write_scalar(const Scalar& scalar);
  void remove_scalar(const Pointer& parent, std::string_view key, std::string_view reason);
  void drop_computed_priority();
  void write_list(List list);
  void write_required_terms(List list);
  void put(const Pointer& parent, std::string_view key, std::string value);
  void put(const Pointer& parent, View parent_view, std::string_view key, std::string value);
  bool is_there(const Pointer& place) const;
  View at(const Pointer& pointer) const { return workload_.object.at(pointer); }
  bool is_ours(std::string_view slot, View element) const { return workload_.is_ours(slot, element); }

  List& list(std::string_view slot);
  Pointer parent_of(const List& list) const { return Pointer(spec_.text() + std::string(list.parent)); }

  const Workload& workload_;
  Scope scope_;
  Pointer spec_;
  Pointer metadata_;
  std::vector<Scalar> scalars_;
  Lists lists_ = kNoElements;
  std::set<std::string, std::less<>> created_;
  workload::Slots set_;
  workload::Slots was_;
  Lowered out_;
};

// All keys and values together. Source: apimachinery pkg/api/validation/objectmeta.go, TotalAnnotationSizeLimitB.
constexpr std::size_t kAnnotationsLimit = 256 << 10;

List& Lowering::list(std::string_view slot) {
  return *std::ranges::find_if(lists_, [&](const List& l) { return l.slot == slot; });
}

void Lowering::add(const plan::Change& change) {
  const auto scalar = [&](std::string slot, Pointer parent, View parent_view, std::string key, std::string value) {
    const bool taken = std::ranges::any_of(scalars_, [&](const Scalar& s) { return s.slot == slot; });
    if (taken) return;
    scalars_.push_back({std::move(slot), std::move(parent), parent_view, std::move(key), std::move(value), change.rule,
                        change.reason});
  };
  const auto element = [&](std::string_view slot, std::string value) {
    auto& elements = list(slot).elements;
    const bool taken = std::ranges::any_of(elements, [&](const List::Element& e) { return e.value == value; });
    if (!taken) elements.push_back({std::move(value), change.rule, change.reason});
  };
  std::visit(
      Overloaded{
          [&](const plan::SetAmount& c) {
            const workload::Container& container = workload_.containers[c.container];
            const std::string side(side_name(c.side));
            scalar(std::string(container.name) + "." + side + "." + c.resource, container.path / "resources" / side,
                   container.view["resources"][side], c.resource, json::to_json_string(c.quantity));
          },
          [&](const plan::SetPriorityClass& c) {
            scalar("priorityClassName", spec_, workload_.pod_spec, "priorityClassName", json::to_json_string(c.name));
          },
          [&](const plan::AddToleration& c) { element("tolerations", toleration_json(c.toleration)); },
          [&](const plan::AddNodeSelector& c) {
            scalar("nodeSelector." + c.key, spec_ / "nodeSelector", workload_.pod_spec["nodeSelector"], c.key,
                   json::to_json_string(c.value));
          },
          [&](const plan::RequireNode& c) { element(kRequired, expression_json(c.requirement)); },
          [&](const plan::PreferNode& c) { element("nodeAffinity.preferred", preference_json(c)); },
          [&](const plan::AddPodAntiAffinity& c) {
            const bool preferred = c.strength == plan::AddPodAntiAffinity::Strength::Preferred;
            element(preferred ? "podAntiAffinity.preferred" : "podAntiAffinity.required", anti_affinity_json(c));
          },
          [&](const plan::AddTopologySpread& c) { element("topologySpreadConstraints", spread_json(c)); },
          [&](const plan::SetPodDeadline& c) {
            scalar("activeDeadlineSeconds", spec_, workload_.pod_spec, "activeDeadlineSeconds",
                   std::to_string(c.seconds));
          },
          [&](const plan::SetLabel& c) {
            scalar("labels." + c.key, metadata_ / "labels", workload_.template_metadata["labels"], c.key,
                   json::to_json_string(c.value));
          },
      },
      change.edit);
}

void Lowering::keep_known_slots() {
  if (!workload_.marker) return;
  set_ = workload_.marker->set;
  was_ = workload_.marker->was;
}

// Where the place of a slot is; nothing for a slot that this object does not have (a forged or outdated marker).
struct Place {
  Pointer parent;
  std::string key;
};
std::optional<Place> find_place(const Workload& workload, std::string_view slot) {
  const Pointer spec = workload.template_path / "spec";
  if (slot == "priorityClassName" || slot == "activeDeadlineSeconds") return Place{spec, std::string(slot)};
  for (const workload::Container& container : workload.containers) {
    for (const std::string_view side : {"requests", "limits"}) {
      const std::string prefix = std::string(container.name) + "." + std::string(side) + ".";
      if (slot.starts_with(prefix)) {
        return Place{container.path / "resources" / side, std::string(slot.substr(prefix.size()))};
      }
    }
  }
  if (slot.starts_with(kNodeSelectorSlot))
    return Place{spec / "nodeSelector", std::string(slot.substr(kNodeSelectorSlot.size()))};
  if (slot.starts_with(kLabelSlot)) {
    return Place{workload.template_path / "metadata" / "labels", std::string(slot.substr(kLabelSlot.size()))};
  }
  return std::nullopt;
}

void Lowering::take_back_unwanted() {
  if (!workload_.marker) return;
  for (const auto& [slot, value] : workload_.marker->set) {
    const std::string_view name = slot;
    if (std::ranges::any_of(scalars_, [&](const Scalar& s) { return s.slot == name; })) continue;
    const auto place = find_place(workload_, slot);
    if (!place) continue;
    const View present = at(place->parent / place->key);
    if (!present || json::write(present) != value) continue;  // somebody else's by now
    const auto before = workload_.authored_json(slot, present);
    if (!before) {
      remove_scalar(place->parent, place->key, "the estimate no longer asks for it");
    } else {
      put(place->parent, place->key, *before);
      out_.changes.push_back(
          {"", json::to_field_path(place->parent / place->key), value, *before, "back to what its author wrote"});
    }
    if (slot == "priorityClassName") drop_computed_priority();
  }
}

void Lowering::remove_scalar(const Pointer& parent, std::string_view key, std::string_view reason) {
  out_.patch.push_back({patch::Operation::Op::Remove, parent / key, {}});
  out_.changes.push_back(
      {"", json::to_field_path(parent / key), json::write(at(parent / key)), "", std::string(reason)});
}

// The Priority plugin has put another class's numbers into the Pod and would refuse them beside the new class; without
// them it computes both anew in the second pass. Source: plugin/pkg/admission/priority/admission.go.
void Lowering::drop_computed_priority() {
  if (workload_.kind != workload::Kind::Pod) return;
  for (const char* key : {"priority", "preemptionPolicy"}) {
    if (at(spec_ / key)) out_.patch.push_back({patch::Operation::Op::Remove, spec_ / key, {}});
  }
}

// Adds `key` to the object at `parent`, making the parents that are missing. A null parent counts as missing.
void Lowering::put(const Pointer& parent, std::string_view key, std::string value) {
  put(parent, at(parent), key, std::move(value));
}

void Lowering::put(const Pointer& parent, View parent_view, std::string_view key, std::string value) {
  Pointer place = parent / key;
  const bool is_map = parent_view.is_object();
  for (Pointer above = parent; !is_map && !is_there(above); above = place.parent()) {
    json::Writer object;
    object.begin_object().key(place.last()).raw(value).end_object();
    value = std::move(object).take();
    created_.insert(above.text());
    place = std::move(above);
  }
  out_.patch.push_back({patch::Operation::Op::Add, std::move(place), std::move(value)});
}

// Whether something can be added below `place`: in the object, or by an operation before.
bool Lowering::is_there(const Pointer& place) const {
  const View present = at(place);
  return present.is_object() || present.is_array() || created_.contains(place.text());
}

void Lowering::write_scalar(const Scalar& scalar) {
  const View present = scalar.parent_view[scalar.key];
  auto before = workload_.authored_json(scalar.slot, present);
  const bool is_there = says(present, scalar.value);
  if (is_there && before == json::write(present)) return;  // its author wrote the same, and it stays his
  // What is written is what will be compared: the text that stands there, not another one for the same amount.
  set_[scalar.slot] = is_there ? json::write(present) : scalar.value;
  if (before && *before != scalar.value) was_[scalar.slot] = std::move(*before);
  if (is_there) return;
  put(scalar.parent, scalar.parent_view, scalar.key, scalar.value);
  std::string path = json::to_field_path(scalar.parent);
  json::append_field(path, scalar.key);
  out_.changes.push_back(
      {scalar.rule, std::move(path), present ? json::write(present) : "", scalar.value, scalar.reason});
  if (scalar.slot == "priorityClassName") drop_computed_priority();
}

std::string join_elements(const List& list) {
  json::Writer w;
  w.begin_array();
  for (const List::Element& element : list.elements) w.raw(element.value);
  w.end_array();
  return std::move(w).take();
}

View find_element(View list, const std::string& value) {
  if (list.size() == 0) return {};
  const Result<json::Document> wanted = json::Document::parse(value);
  if (!wanted) return {};
  for (const View element : list.elements()) {
    if (element == wanted->root()) return element;
  }
  return {};
}

bool contains_value(const List& list, View element) {
  return std::ranges::any_of(list.elements, [&](const List::Element& e) {
    const Result<json::Document> wanted = json::Document::parse(e.value);
    return wanted && wanted->root() == element;
  });
}

void Lowering::write_list(List list) {
  const Pointer parent = parent_of(list);
  const Pointer place = parent / list.key;
  const View present = at(place);
  // An element that its author wrote too is not claimed: it would be taken from him one day.
  std::erase_if(list.elements, [&](const List::Element& e) {
    const View found = find_element(present, e.value);
    return found && !is_ours(list.slot, found);
  });
  const std::string elements = join_elements(list);
  if (!list.elements.empty()) set_[std::string(list.slot)] = elements;
  std::vector<std::size_t> unwanted;
  for (std::size_t i = 0; i < present.size(); ++i) {
    if (is_ours(list.slot, present[i]) && !contains_value(list, present[i])) unwanted.push_back(i);
  }
  if (!unwanted.empty() && unwanted.size() == present.size() && list.elements.empty()) {
    remove_scalar(parent, list.key, "the estimate no longer asks for it");
    return;
  }
  for (auto i = unwanted.rbegin(); i != unwanted.rend(); ++i) {
    out_.patch.push_back({patch::Operation::Op::Remove, place / *i, {}});
    out_.changes.push_back(
        {"", json::to_field_path(place / *i), json::write(present[*i]), "", "the estimate no longer asks for it"});
  }
  bool exists = present.is_array();
  for (const List::Element& element : list.elements) {
    if (find_element(present, element.value)) continue;
    if (exists) {
      out_.patch.push_back({patch::Operation::Op::Add, place / "-", element.value});
    } else {
      // One operation for the whole new list.
      put(parent, list.key, elements);
      exists = true;
      for (const List::Element& each : list.elements) {
        out_.changes.push_back({each.rule, json::to_field_path(place), "", each.value, each.reason});
      }
      return;
    }
    out_.changes.push_back({element.rule, json::to_field_path(place), "", element.value, element.reason});
  }
}

// nodeSelectorTerms are alternatives: a requirement holds only if every one of them has it. A term without expressions
// matches nothing and must not begin to match, so it is passed over.
void Lowering::write_required_terms(List list) {
  const Pointer parent = parent_of(list);
  const Pointer place = parent / list.key;
  const View terms = at(place);
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
  const std::string elements = join_elements(list);
  if (!list.elements.empty()) set_[std::string(list.slot)] = elements;
  if (terms.size() == 0) {
    if (list.elements.empty()) return;
    put(parent, list.key, R"([{"matchExpressions":)" + elements + "}]");
    for (const List::Element& each : list.elements) {
      out_.changes.push_back({each.rule, json::to_field_path(place), "", each.value, each.reason});
    }
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
  if (takes_terms_back && made_by_us == terms.size()) {
    // Without the terms that we made the whole requirement goes, as an empty list of terms is invalid.
    remove_scalar(parent.parent(), parent.last(), "the estimate no longer asks for it");
    return;
  }
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const View expressions = terms[t]["matchExpressions"];
    if (is_empty(terms[t]) || (takes_terms_back && only_ours(terms[t]))) continue;
    const Pointer at_expressions = place / t / "matchExpressions";
    for (std::size_t i = expressions.size(); i-- > 0;) {
      if (!is_ours(list.slot, expressions[i]) || contains_value(list, expressions[i])) continue;
      out_.patch.push_back({patch::Operation::Op::Remove, at_expressions / i, {}});
      out_.changes.push_back({"", json::to_field_path(at_expressions / i), json::write(expressions[i]), "",
                              "the estimate no longer asks for it"});
    }
    bool exists = expressions.is_array();
    for (const List::Element& element : list.elements) {
      if (find_element(expressions, element.value)) continue;
      if (exists) {
        out_.patch.push_back({patch::Operation::Op::Add, at_expressions / "-", element.value});
      } else {
        out_.patch.push_back({patch::Operation::Op::Add, at_expressions, "[" + element.value + "]"});
        exists = true;
      }
      out_.changes.push_back({element.rule, json::to_field_path(at_expressions), "", element.value, element.reason});
    }
  }
  for (std::size_t t = terms.size(); takes_terms_back && t-- > 0;) {
    if (!only_ours(terms[t])) continue;
    out_.patch.push_back({patch::Operation::Op::Remove, place / t, {}});
    out_.changes.push_back(
        {"", json::to_field_path(place / t), json::write(terms[t]), "", "the estimate no longer asks for it"});
  }
}

void Lowering::write_spec() {
  for (const Scalar& scalar : scalars_) write_scalar(scalar);
  for (List& list : lists_) {
    const bool may_take_back = scope_ == Scope::Whole && workload_.marker && workload_.marker->set.contains(list.slot);
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
  const Pointer annotations = metadata_ / "annotations";
  const std::string key(workload::kMarkerAnnotation);
  const View present = at(annotations / key);
  std::erase_if(marker.known, [&](const std::string& name) { return workload::has_slot(marker, name); });
  if (marker.set.empty()) {
    // Also one that was put aside: it would be believed the next time.
    if (present.text() && workload::parse_marker(*present.text())) {
      out_.patch.push_back({patch::Operation::Op::Remove, annotations / key, {}});
    }
    return;
  }
  const std::string text = to_text(marker);
  if (present.text() == text) return;
  put(annotations, key, json::to_json_string(text));
  std::size_t size = key.size() + text.size();
  for (const json::Member& other : at(annotations).members()) {
    if (other.key != key) size += other.key.size() + other.value.text().value_or("").size();
  }
  out_.lacks_room = size > kAnnotationsLimit;
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

// What stands in a scalar slot now.
View view_slot(const Workload& workload, std::string_view slot) {
  for (const workload::Container& container : workload.containers) {
    if (!slot.starts_with(container.name)) continue;
    const std::string_view rest = slot.substr(container.name.size());
    const View resources = container.view["resources"];
    if (rest.starts_with(".requests.")) return resources["requests"][rest.substr(10)];
    if (rest.starts_with(".limits.")) return resources["limits"][rest.substr(8)];
  }
  // Nothing else is ever ours: a marker that names it is forged.
  if (slot == "priorityClassName" || slot == "activeDeadlineSeconds") return workload.pod_spec[slot];
  if (slot.starts_with(kNodeSelectorSlot))
    return workload.pod_spec["nodeSelector"][slot.substr(kNodeSelectorSlot.size())];
  if (slot.starts_with(kLabelSlot)) return workload.template_metadata["labels"][slot.substr(kLabelSlot.size())];
  return {};
}

bool holds(View list, View wanted) {
  for (const View element : list.elements()) {
    if (element == wanted) return true;
  }
  return false;
}

bool stands_in_list(const Workload& workload, std::string_view slot, View elements) {
  const auto place = std::ranges::find_if(kNoElements, [&](const List& list) { return list.slot == slot; });
  if (place == kNoElements.end()) return false;
  const View list = workload.pod_spec.at(Pointer(std::string(place->parent)) / place->key);
  for (const View element : elements.elements()) {
    bool found = slot != kRequired && holds(list, element);
    if (slot == kRequired) {
      for (const View term : list.elements()) found = found || holds(term["matchExpressions"], element);
    }
    if (!found) return false;
  }
  return true;
}

}  // namespace

bool still_stands(const Workload& workload) {
  for (const json::Member& member : workload.marker_document->root()["set"].members()) {
    const bool stands = member.value.is_array() ? stands_in_list(workload, member.key, member.value)
                                                : view_slot(workload, member.key) == member.value;
    if (!stands) return false;
  }
  return true;
}

Lowered lower_unmarked(const Workload& workload, const std::vector<plan::Change>& changes) {
  Lowering lowering(workload, Scope::Beside);
  for (const plan::Change& change : changes) lowering.add(change);
  lowering.write_spec();
  return std::move(lowering).take();
}

}  // namespace plimsoll::decide
