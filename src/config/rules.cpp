// Rules that a condition switches on: tolerations, priority, deadlines, node affinity, placement.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>

#include "coverage.hpp"
#include "plimsoll/base/text.hpp"
#include "reader.hpp"
#include "syntax.hpp"

namespace plimsoll::config {
namespace {

// activeDeadlineSeconds of a Pod. Source: k8s.io/kubernetes/pkg/apis/core/validation/validation.go
constexpr std::int64_t kMostDeadlineSeconds = std::numeric_limits<std::int32_t>::max();

// Source: k8s.io/kubernetes/pkg/apis/scheduling/types.go, HighestUserDefinablePriority
constexpr std::int64_t kLeastPriority = std::numeric_limits<std::int32_t>::min();
constexpr std::int64_t kMostPriority = 1'000'000'000;

void read_floor(const Value& value, Duration& out) {
  read(value, out);
  if (value.is_sound() &&
      (out < Duration(std::chrono::seconds(1)) || out.seconds_rounded_up() > kMostDeadlineSeconds)) {
    value.refuse(fmt::format("must be from 1s to {}s, not {}", kMostDeadlineSeconds, quoted(value.node().text)));
  }
}

void check_toleration(const Value& value, const Toleration& toleration) {
  const bool exists = toleration.op == "Exists";
  if (exists && !toleration.value.empty()) {
    value.refuse_together({"operator", "value"}, "operator Exists takes no value");
  }
  if (!exists && toleration.key.empty()) {
    value.refuse_together({"key", "operator"}, "only operator Exists may go without a key");
  }
  if (toleration.seconds && toleration.effect != "NoExecute") {
    value.refuse_together({"effect", "tolerationSeconds"}, "tolerationSeconds needs effect NoExecute");
  }
}

void read_toleration_key(const Value& value, std::string& out) {
  if (value.node().kind == yaml::Node::Kind::String && value.node().text.empty()) {
    out.clear();
  } else {
    read_text(value, out, kLabelKey);
  }
}

void check_band(const Value& value, const Band&) {
  if (value.find("value").has_value() != value.find("preemptionPolicy").has_value()) {
    value.refuse("value and preemptionPolicy are written together, as the PriorityClass says them");
  }
}

void check_bands(const Value& value, const Priority& priority) {
  const std::optional<Value> bands = value.find("bands");
  if (!bands) return;
  std::vector<Entry> entries;
  for (const Band& band : priority.bands) {
    // A bound band is passed over where its deadline cannot be set.
    entries.push_back({&band.when, fmt::format("band {} ({})", entries.size(), to_display(band.priority_class)),
                       !band.bound.has_value()});
  }
  refuse_unreached(*bands, entries);
}

// Together they are to hold of one node.
void check_required(const Value& value, const NodeAffinityRule& rule) {
  for (std::size_t late = 1; late < rule.require.size(); ++late) {
    const Value item = value.find("require")->item(late);
    for (std::size_t early = 0; early < late && item.is_sound(); ++early) {
      if (!value.find("require")->item(early).is_sound()) continue;
      if (auto why = find_contradiction(rule.require[early], rule.require[late])) item.refuse(std::move(*why));
    }
  }
}

constexpr std::array<std::string_view, 6> kRequirementOperators = {"in", "notIn", "exists", "doesNotExist", "gt", "lt"};

/// The field `name`, which makes `op` the requirement's operator and reads its values.
template <class ReadValues>
Field<NodeRequirement> requirement_operator(std::string_view name, const char* op, ReadValues read_values) {
  return {name, [op, read_values](const Value& value, NodeRequirement& out) {
            out.op = op;
            read_values(value, out.values);
          }};
}

void read_presence(const Value& value, std::vector<std::string>&) {
  bool truth = true;
  read(value, truth);
  if (!truth) value.refuse("can only be true: exists and doesNotExist are each other's opposite");
}

// Kubernetes compares labels with gt and lt as integers, and writes the integer as a text.
void read_threshold(const Value& value, std::vector<std::string>& values) {
  std::int64_t number = 0;
  read_integer(value, number);
  values = {std::to_string(number)};
}

void check_requirement(const Value& value) {
  const auto count = std::count_if(kRequirementOperators.begin(), kRequirementOperators.end(),
                                   [&](std::string_view name) { return value.find(name).has_value(); });
  if (count != 1) value.refuse(fmt::format("needs exactly one of {}", alternatives(kRequirementOperators)));
}

}  // namespace

template <>
const Schema<Toleration>& schema<Toleration>() {
  static const Schema<Toleration> kSchema{
      {
          field("key", &Toleration::key, read_toleration_key),
          field("operator", &Toleration::op, one_of({"Equal", "Exists"})),
          field("value", &Toleration::value, written_as(kLabelValue)),
          field("effect", &Toleration::effect, one_of({"NoSchedule", "PreferNoSchedule", "NoExecute"})),
          field("tolerationSeconds", &Toleration::seconds,
                [](const Value& value, std::optional<std::int64_t>& out) { read_integer(value, out.emplace(), 0); }),
      },
      check_toleration,
  };
  return kSchema;
}

template <>
const Schema<TolerationRule>& schema<TolerationRule>() {
  static const Schema<TolerationRule> kSchema{
      {
          field("when", &TolerationRule::when),
          required(tables("add", &TolerationRule::add)),
      },
      [](const Value& value, const TolerationRule& rule) {
        if (rule.add.empty()) value.refuse_member("add", "must hold at least one toleration");
      },
  };
  return kSchema;
}

template <>
const Schema<Band>& schema<Band>() {
  static const Schema<Band> kSchema{
      {
          required(field("class", &Band::priority_class, written_as(kPriorityClass))),
          field("value", &Band::value,
                [](const Value& value, std::optional<std::int64_t>& out) {
                  read_integer(value, out.emplace(), kLeastPriority, kMostPriority);
                }),
          field("preemptionPolicy", &Band::preemption_policy, one_of({"PreemptLowerPriority", "Never"})),
          field("when", &Band::when),
          field("bound", &Band::bound,
                [](const Value& value, std::optional<Ratio>& out) { read_enlarging(value, out.emplace()); }),
      },
      check_band,
  };
  return kSchema;
}

template <>
const Schema<Priority>& schema<Priority>() {
  static const Schema<Priority> kSchema{
      {
          constant<Priority>("authored", "keep"),
          field("defaultClass", &Priority::default_class, written_as(kPriorityClass)),
          tables("bands", &Priority::bands),
      },
      check_bands,
  };
  return kSchema;
}

template <>
const Schema<PodDeadline>& schema<PodDeadline>() {
  static const Schema<PodDeadline> kSchema{{
      field("factor", &PodDeadline::factor, read_enlarging),
      field("floor", &PodDeadline::floor, read_floor),
  }};
  return kSchema;
}

template <>
const Schema<NodeRequirement>& schema<NodeRequirement>() {
  static const Schema<NodeRequirement> kSchema{
      {
          required(field("key", &NodeRequirement::key, written_as(kLabelKey))),
          requirement_operator("in", "In", one_or_more(written_as(kLabelValue))),
          requirement_operator("notIn", "NotIn", one_or_more(written_as(kLabelValue))),
          requirement_operator("exists", "Exists", read_presence),
          requirement_operator("doesNotExist", "DoesNotExist", read_presence),
          requirement_operator("gt", "Gt", read_threshold),
          requirement_operator("lt", "Lt", read_threshold),
      },
      [](const Value& value, const NodeRequirement&) { check_requirement(value); },
  };
  return kSchema;
}

template <>
const Schema<NodeAffinityRule::Preference>& schema<NodeAffinityRule::Preference>() {
  using Preference = NodeAffinityRule::Preference;
  static const Schema<Preference> kSchema{
      joined<Preference>({
          fields_of(&Preference::requirement),
          {field("weight", &Preference::weight,
                 [](const Value& value, std::int64_t& out) { read_integer(value, out, 1, 100); })},
      }),
      [](const Value& value, const Preference&) { check_requirement(value); },
  };
  return kSchema;
}

template <>
const Schema<NodeAffinityRule>& schema<NodeAffinityRule>() {
  static const Schema<NodeAffinityRule> kSchema{
      {
          field("when", &NodeAffinityRule::when),
          tables("prefer", &NodeAffinityRule::prefer),
          tables("require", &NodeAffinityRule::require),
      },
      [](const Value& value, const NodeAffinityRule& rule) {
        if (rule.prefer.empty() && rule.require.empty()) {
          value.refuse_together({"prefer", "require"}, "must prefer or require something");
        }
        check_required(value, rule);
      },
  };
  return kSchema;
}

namespace {

void read_together(const Value& value, PlacementRule& rule) {
  written_as(kLabelKey)(value, rule.over);
  rule.how = PlacementRule::How::Together;
}

}  // namespace

template <>
const Schema<PlacementRule>& schema<PlacementRule>() {
  using How = PlacementRule::How;
  constexpr std::int64_t kMostNodes = 5000;  // https://kubernetes.io/docs/setup/best-practices/cluster-large/
  static const Schema<PlacementRule> kSchema{
      {
          field("when", &PlacementRule::when),
          group<PlacementRule>(
              "spread",
              {required(field("over", &PlacementRule::over, written_as(kLabelKey))),
               field("how", &PlacementRule::how,
                     one_of<How>(
                         {{"preferred", How::Preferred}, {"required", How::Required}, {"topology", How::Topology}})),
               field("upTo", &PlacementRule::up_to,
                     [](const Value& value, std::int64_t& out) { read_integer(value, out, 1, kMostNodes); })}),
          group<PlacementRule>("together", {required(Field<PlacementRule>{"over", read_together})}),
      },
      [](const Value& value, const PlacementRule& rule) {
        const auto spread = value.find("spread");
        const auto together = value.find("together");
        if (!spread == !together) return value.refuse("needs one of: spread, together");
        if (!spread) return;
        if (rule.how == How::Required && rule.up_to == 0 && !spread->find("upTo")) {
          spread->refuse("how: required needs upTo: how many pods there are places for; one more would wait forever");
        }
        if (rule.how != How::Required && spread->find("upTo")) {
          spread->find("upTo")->refuse("is for how: required; anything else keeps no pod waiting");
        }
      },
  };
  return kSchema;
}

}  // namespace plimsoll::config
