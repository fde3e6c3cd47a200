#include "plimsoll/workload/marker.hpp"

#include <algorithm>

#include "plimsoll/json/document.hpp"
#include "plimsoll/json/writer.hpp"

namespace plimsoll::workload {
namespace {

bool is_before(const json::Member& a, const json::Member& b) {
  return a.key < b.key;
}

// Of duplicates the first counts, as everywhere.
Slots read_slots(json::View object) {
  Slots slots;
  slots.reserve(object.size());
  for (const json::Member& member : object.members()) slots.push_back(member);
  if (!std::ranges::is_sorted(slots, is_before)) std::ranges::stable_sort(slots, is_before);
  return slots;
}

Slots::const_iterator lower_bound(const Slots& slots, std::string_view slot) {
  return std::ranges::lower_bound(slots, slot, {}, &json::Member::key);
}

void write_slots(json::Writer& writer, std::string_view name, const Slots& slots) {
  if (slots.empty()) return;
  writer.key(name).begin_object();
  for (const auto& [slot, value] : slots) writer.key(slot).value(value);
  writer.end_object();
}

}  // namespace

json::View find_slot(const Slots& slots, std::string_view slot) {
  const auto found = lower_bound(slots, slot);
  return found != slots.end() && found->key == slot ? found->value : json::View();
}

void set_slot(Slots& slots, std::string_view slot, json::View value) {
  const auto place = slots.begin() + (lower_bound(slots, slot) - slots.begin());
  if (place != slots.end() && place->key == slot) {
    place->value = value;
  } else {
    slots.insert(place, {slot, value});
  }
}

std::optional<json::Document> parse_marker(std::string_view text) {
  if (text.size() > kMarkerLimit) return std::nullopt;
  Result<json::Document> document = json::Document::parse(std::string(text));
  return document ? std::optional(std::move(*document)) : std::nullopt;
}

std::optional<Marker> read_marker(json::View root) {
  // We write none without a slot; believing one would let a forger say that all is decided.
  if (root["v"].integer() != kMarkerFormat || root["set"].size() == 0) return std::nullopt;
  const auto member = [&](std::string_view key) { return std::string(root[key].text().value_or("")); };
  std::vector<std::string> known;
  for (const json::View name : root["known"].elements()) {
    if (const auto container = name.text()) known.emplace_back(*container);
  }
  return Marker{.policy = member("policy"),
                .estimate = member("estimate"),
                .carried = member("carried"),
                .container = member("container"),
                .at = member("at"),
                .deadline = member("deadline"),
                .known = std::move(known),
                .set = read_slots(root["set"]),
                .was = read_slots(root["was"])};
}

bool has_slot(const Marker& marker, std::string_view container) {
  for (const std::string_view side : {".requests.", ".limits."}) {
    const std::string prefix = std::string(container) + std::string(side);
    const auto first = lower_bound(marker.set, prefix);
    if (first != marker.set.end() && first->key.starts_with(prefix)) return true;
  }
  return false;
}

std::string to_text(const Marker& marker) {
  json::Writer writer(std::size_t{2048});
  writer.begin_object().member("v", std::int64_t{kMarkerFormat}).member("policy", marker.policy);
  writer.member("estimate", marker.estimate);
  if (!marker.carried.empty()) writer.member("carried", marker.carried);
  if (!marker.container.empty()) writer.member("container", marker.container);
  if (!marker.at.empty()) writer.member("at", marker.at);
  if (!marker.deadline.empty()) writer.member("deadline", marker.deadline);
  if (!marker.known.empty()) {
    writer.key("known").begin_array();
    for (const std::string& name : marker.known) writer.value(name);
    writer.end_array();
  }
  write_slots(writer, "set", marker.set);
  write_slots(writer, "was", marker.was);
  writer.end_object();
  return std::move(writer).take();
}

}  // namespace plimsoll::workload
