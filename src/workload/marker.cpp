#include "plimsoll/workload/marker.hpp"

#include "plimsoll/json/document.hpp"
#include "plimsoll/json/writer.hpp"

namespace plimsoll::workload {
namespace {

Slots read_slots(json::View object) {
  Slots slots;
  for (const json::Member& member : object.members()) slots.emplace(member.key, json::write(member.value));
  return slots;
}

void write_slots(json::Writer& writer, std::string_view name, const Slots& slots) {
  if (slots.empty()) return;
  writer.key(name).begin_object();
  for (const auto& [slot, value] : slots) writer.key(slot).raw(value);
  writer.end_object();
}

}  // namespace

std::optional<Marker> parse_marker(std::string_view text) {
  if (text.size() > kMarkerLimit) return std::nullopt;
  const Result<json::Document> document = json::Document::parse(std::string(text));
  return document ? read_marker(document->root()) : std::nullopt;
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
    const auto first = marker.set.lower_bound(prefix);
    if (first != marker.set.end() && first->first.starts_with(prefix)) return true;
  }
  return false;
}

std::string to_text(const Marker& marker) {
  json::Writer writer;
  writer.begin_object().member("v", std::int64_t{kMarkerFormat}).member("policy", marker.policy);
  writer.member("estimate", marker.estimate);
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
