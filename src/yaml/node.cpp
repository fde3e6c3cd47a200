// Questions to a parsed value, and its JSON.
#include "plimsoll/json/writer.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "scalar.hpp"

namespace plimsoll::yaml {
namespace {

void append(json::Writer& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::Null:
      out.null();
      break;
    case Node::Kind::Bool:
      out.value(node.truth());
      break;
    case Node::Kind::Int:
    case Node::Kind::Float:
      out.raw(to_json_number(node.kind, node.text));
      break;
    case Node::Kind::String:
      out.value(std::string_view(node.text));
      break;
    case Node::Kind::Sequence:
      out.begin_array();
      for (const Node& item : node.items) append(out, item);
      out.end_array();
      break;
    case Node::Kind::Map:
      out.begin_object();
      for (const Node::Entry& entry : node.entries) append(out.key(to_member_name(entry.key)), entry.value);
      out.end_object();
      break;
  }
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key.kind == Kind::String ? entry.key.text == key : to_member_name(entry.key) == key) return &entry.value;
  }
  return nullptr;
}

bool Node::truth() const {
  return kind == Kind::Bool && is_true(text);
}

std::string to_json(const Node& node) {
  json::Writer out;
  append(out, node);
  return std::move(out).take();
}

}  // namespace plimsoll::yaml
