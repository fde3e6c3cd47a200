#include "webhook/input/manifest.hpp"

#include <algorithm>
#include <charconv>

#include "plimsoll/base/text.hpp"
#include "plimsoll/config/policy.hpp"
#include "plimsoll/json/writer.hpp"

namespace plimsoll::webhook {
namespace {

using Kind = yaml::Node::Kind;

Unexpected<Error> refuse(const yaml::Node& node, std::string message) {
  return fail(ErrorCode::Invalid, std::move(message),
              std::to_string(node.mark.line) + ":" + std::to_string(node.mark.column));
}

std::string text_of(const yaml::Node* node) {
  return node != nullptr && node->kind == Kind::String ? node->text : std::string();
}

const yaml::Node* find(const yaml::Node* node, std::string_view key) {
  return node == nullptr ? nullptr : node->find(key);
}

const yaml::Node* child(const yaml::Node& node, const std::string& token) {
  if (node.kind != Kind::Sequence) return node.find(token);
  std::size_t index = 0;
  const auto read = std::from_chars(token.data(), token.data() + token.size(), index);
  return read.ec == std::errc() && index < node.items.size() ? &node.items[index] : nullptr;
}

const yaml::Node* node_at(const yaml::Node& root, const json::Pointer& at) {
  const yaml::Node* node = &root;
  for (const std::string& token : at.tokens()) {
    node = child(*node, token);
    if (node == nullptr) break;
  }
  return node;
}

/// What an item of a typed List leaves to its List: JobList's items are Jobs of the same apiVersion. As kubectl does.
struct Inherited {
  std::string api_version;
  std::string kind;
};

class Collector {
 public:
  explicit Collector(Manifest& manifest) : manifest_(manifest) {}

  Result<void> collect(const yaml::Node& node, const json::Pointer& at, const Inherited& inherited);

 private:
  Result<void> collect_items(const yaml::Node& items, const json::Pointer& at, const Inherited& inherited);

  Manifest& manifest_;
};

Result<void> Collector::collect(const yaml::Node& node, const json::Pointer& at, const Inherited& inherited) {
  if (node.kind != Kind::Map) return refuse(node, "is no Kubernetes object: it must be a map with apiVersion and kind");
  Object object;
  object.at = at;
  object.api_version = text_of(node.find("apiVersion"));
  object.kind = text_of(node.find("kind"));
  const bool lacks_version = object.api_version.empty();
  const bool lacks_kind = object.kind.empty();
  if (lacks_version) object.api_version = inherited.api_version;
  if (lacks_kind) object.kind = inherited.kind;
  if (object.kind.empty()) return refuse(node, "the object has no kind, such as Job");
  if (object.api_version.empty()) return refuse(node, "the object has no apiVersion, such as batch/v1");

  const yaml::Node* items = node.find("items");
  if (object.kind.ends_with("List") && items != nullptr &&
      (items->kind == Kind::Sequence || items->kind == Kind::Null)) {
    if (at == json::Pointer()) manifest_.is_list = true;
    Inherited mine;
    if (object.kind != "List") {
      mine.api_version = object.api_version;
      mine.kind = object.kind.substr(0, object.kind.size() - 4);
    }
    return collect_items(*items, at / "items", mine);
  }

  const yaml::Node* metadata = node.find("metadata");
  object.name = text_of(find(metadata, "name"));
  if (object.name.empty()) object.name = text_of(find(metadata, "generateName"));
  object.name_space = text_of(find(metadata, "namespace"));

  if (lacks_version || lacks_kind) {
    json::Writer writer;
    writer.begin_object().member("apiVersion", object.api_version).member("kind", object.kind);
    for (const yaml::Node::Entry& entry : node.entries) {
      if (entry.key.text == "apiVersion" || entry.key.text == "kind") continue;
      writer.key(entry.key.text).raw(yaml::to_json(entry.value));
    }
    writer.end_object();
    object.json = std::move(writer).take();
  } else {
    object.json = yaml::to_json(node);
  }
  manifest_.objects.push_back(std::move(object));
  return {};
}

Result<void> Collector::collect_items(const yaml::Node& items, const json::Pointer& at, const Inherited& inherited) {
  for (std::size_t i = 0; i < items.items.size(); ++i) PLIMSOLL_CHECK(collect(items.items[i], at / i, inherited));
  return {};
}

/// The deepest value on the way to `field_path`.
const yaml::Node* find_deepest(const yaml::Node& node, const json::Pointer& at, std::string_view field_path) {
  const auto look = [&](const yaml::Node& below, const json::Pointer& there) -> const yaml::Node* {
    const std::string path = json::to_field_path(there);
    if (!field_path.starts_with(path)) return nullptr;
    const std::string_view rest = field_path.substr(path.size());
    return rest.empty() || rest.front() == '.' || rest.front() == '[' ? find_deepest(below, there, field_path)
                                                                      : nullptr;
  };
  for (const yaml::Node::Entry& entry : node.entries) {
    if (const yaml::Node* found = look(entry.value, at / entry.key.text)) return found;
  }
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    if (const yaml::Node* found = look(node.items[i], at / i)) return found;
  }
  return &node;
}

}  // namespace

Result<std::vector<Manifest>> read_manifests(const std::string& source, std::string_view text) {
  PLIMSOLL_TRY(nodes, yaml::parse(text));
  PLIMSOLL_TRY(texts, yaml::split(text));
  PLIMSOLL_ASSERT(texts.size() == nodes.size());
  std::vector<Manifest> manifests;
  std::size_t line = 1;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    PLIMSOLL_TRY(document, json::Document::parse(yaml::to_json(nodes[i])));
    Manifest manifest{.source = source,
                      .text = std::string(texts[i]),
                      .line = line,
                      .node = std::move(nodes[i]),
                      .document = std::move(document),
                      .objects = {}};
    PLIMSOLL_CHECK(Collector(manifest).collect(manifest.node, {}, {}));
    line += static_cast<std::size_t>(std::ranges::count(texts[i], '\n'));
    manifests.push_back(std::move(manifest));
  }
  return manifests;
}

yaml::Mark find_mark(const Manifest& manifest, const Object& object, std::string_view field_path) {
  const yaml::Node* node = node_at(manifest.node, object.at);
  PLIMSOLL_ASSERT(node != nullptr);
  return find_deepest(*node, {}, field_path)->mark;
}

namespace {

// In all metadata that there is, wherever a kind has its templates. How deep a text goes is the parser's to limit.
void find_bare(const yaml::Node& node, const json::Pointer& at, std::vector<BareAnnotation>& bare) {
  for (std::size_t i = 0; i < node.items.size(); ++i) find_bare(node.items[i], at / i, bare);
  for (const yaml::Node::Entry& entry : node.entries) {
    const json::Pointer below = at / entry.key.text;
    find_bare(entry.value, below, bare);
    const yaml::Node* annotations = entry.key.text == "metadata" ? entry.value.find("annotations") : nullptr;
    if (annotations == nullptr) continue;
    for (const yaml::Node::Entry& annotation : annotations->entries) {
      if (annotation.value.kind == Kind::String || annotation.value.kind == Kind::Null) continue;
      bare.push_back({json::to_field_path(below / "annotations" / annotation.key.text), annotation.value.text});
    }
  }
}

}  // namespace

std::vector<BareAnnotation> find_bare_annotations(const Manifest& manifest, const Object& object) {
  std::vector<BareAnnotation> bare;
  const auto is_kind = [&](const config::KindRule& rule) { return rule.kind == object.kind; };
  if (object.kind != "Pod" && std::ranges::none_of(config::built_in_kinds(), is_kind)) return bare;
  if (const yaml::Node* node = node_at(manifest.node, object.at)) find_bare(*node, json::Pointer(), bare);
  return bare;
}

}  // namespace plimsoll::webhook
