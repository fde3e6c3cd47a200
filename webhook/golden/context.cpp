#include "webhook/golden/context.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>

#include "plimsoll/base/text.hpp"
#include "plimsoll/units/duration.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

namespace fs = std::filesystem;
using yaml::Node;

constexpr std::string_view kDefaultNow = "2026-01-01T00:00:00Z";
constexpr std::string_view kRevision = "golden";

Node make_text(std::string_view text) {
  Node node;
  node.kind = Node::Kind::String;
  node.text = text;
  return node;
}

Node make_map() {
  Node node;
  node.kind = Node::Kind::Map;
  return node;
}

Node* find(Node& map, std::string_view key) {
  const auto entry = std::ranges::find_if(map.entries, [&](const Node::Entry& e) { return e.key.text == key; });
  return entry == map.entries.end() ? nullptr : &entry->value;
}

/// Maps are merged key by key; of anything else the upper one holds.
void lay_over(Node& base, const Node& upper) {
  if (base.kind != Node::Kind::Map || upper.kind != Node::Kind::Map) {
    base = upper;
    return;
  }
  for (const Node::Entry& entry : upper.entries) {
    if (Node* below = find(base, entry.key.text)) {
      lay_over(*below, entry.value);
    } else {
      base.entries.push_back(entry);
    }
  }
}

Result<Node> load_yaml(const fs::path& path) {
  PLIMSOLL_TRY(text, load_file(path.string()));
  Result<std::vector<Node>> documents = yaml::parse(text);
  if (!documents) {
    return fail(ErrorCode::Invalid, fmt::format("{}: {}", documents.error().where, documents.error().message),
                path.string());
  }
  if (documents->size() > 1) return fail(ErrorCode::Invalid, "holds more than one document", path.string());
  return documents->empty() ? make_map() : std::move(documents->front());
}

/// So that a case names the policy of the project as `manifests/policy.yaml`, wherever the case stands.
Result<fs::path> find_upward(const fs::path& directory, const std::string& path) {
  std::error_code ignored;
  for (fs::path at = directory;; at = at.parent_path()) {
    if (fs::exists(at / path, ignored)) return at / path;
    if (at == at.parent_path()) break;
  }
  return fail(ErrorCode::NotFound,
              fmt::format("policyFile: there is no {} here or in a directory above", plimsoll::quoted(path, 256)));
}

/// Reads one context value after another; the first thing wrong is kept.
class Reader {
 public:
  Result<GoldenContext> read(const Node& context);

 private:
  void refuse(std::string_view path, std::string_view message) {
    if (failure_.empty()) failure_ = fmt::format("{}: {}", path, message);
  }
  bool is_table(const Node& node, std::string_view path, std::span<const std::string_view> known);
  void read_text(const Node& map, std::string_view path, std::string_view key, std::string& out);
  void read_request(const Node& request, GoldenContext& context);
  void read_user(const Node& user, Request& request);
  void read_policy(const Node& context, config::Policy& policy);

  std::string failure_;
};

bool Reader::is_table(const Node& node, std::string_view path, std::span<const std::string_view> known) {
  if (node.kind != Node::Kind::Map) {
    refuse(path, "must be a map");
    return false;
  }
  for (const Node::Entry& entry : node.entries) {
    if (std::ranges::find(known, entry.key.text) != known.end()) continue;
    const auto meant = nearest(entry.key.text, known);
    refuse(path, fmt::format("{} is not read{}", plimsoll::quoted(entry.key.text),
                             meant ? fmt::format(": did you mean {}?", plimsoll::quoted(*meant)) : ""));
  }
  return true;
}

void Reader::read_text(const Node& map, std::string_view path, std::string_view key, std::string& out) {
  const Node* value = map.find(key);
  if (value == nullptr) return;
  if (value->kind != Node::Kind::String) return refuse(fmt::format("{}{}", path, key), "must be a string");
  out = value->text;
}

void Reader::read_user(const Node& user, Request& request) {
  constexpr std::array<std::string_view, 2> kKnown = {"username", "groups"};
  if (!is_table(user, "request.userInfo", kKnown)) return;
  read_text(user, "request.userInfo.", "username", request.user);
  const Node* groups = user.find("groups");
  if (groups == nullptr) return;
  if (groups->kind != Node::Kind::Sequence) return refuse("request.userInfo.groups", "must be a list");
  for (const Node& group : groups->items) request.groups.push_back(group.text);
}

void Reader::read_request(const Node& request, GoldenContext& context) {
  constexpr std::array<std::string_view, 8> kKnown = {"namespace",   "operation", "name",     "generateName",
                                                      "subResource", "dryRun",    "userInfo", "path"};
  if (!is_table(request, "request", kKnown)) return;
  read_text(request, "request.", "namespace", context.request.name_space);
  read_text(request, "request.", "operation", context.request.operation);
  read_text(request, "request.", "name", context.request.name);
  read_text(request, "request.", "generateName", context.generate_name);
  read_text(request, "request.", "subResource", context.request.sub_resource);
  constexpr std::array<std::string_view, 4> kOperations = {"CREATE", "UPDATE", "DELETE", "CONNECT"};
  if (std::ranges::find(kOperations, context.request.operation) == kOperations.end()) {
    refuse("request.operation", "must be CREATE, UPDATE, DELETE or CONNECT");
  }
  if (const Node* dry_run = request.find("dryRun")) {
    if (dry_run->kind != Node::Kind::Bool) refuse("request.dryRun", "must be true or false");
    if (dry_run->truth()) context.request.effect = Request::Effect::DryRun;
  }
  std::string path = "/mutate";
  read_text(request, "request.", "path", path);
  if (const auto route = admission::find_route(path)) {
    context.request.route = *route;
  } else {
    refuse("request.path", "must be /mutate, /mutate/shadow, /validate or /validate/shadow");
  }
  if (const Node* user = request.find("userInfo")) read_user(*user, context.request);
}

void Reader::read_policy(const Node& context, config::Policy& policy) {
  Node document = make_map();
  if (const Node* file = context.find("policyFile")) {
    Result<Node> base = load_yaml(file->text);
    if (!base) return refuse("policyFile", fmt::format("{}: {}", base.error().where, base.error().message));
    document = std::move(*base);
  }
  if (const Node* part = context.find("policy")) lay_over(document, *part);
  if (document.kind != Node::Kind::Map) return refuse("policy", "must be a map");
  const auto add_text = [&](std::string_view key, std::string_view text) {
    if (document.find(key) == nullptr) document.entries.push_back({make_text(key), make_text(text)});
  };
  add_text("apiVersion", "plimsoll.dev/v1alpha1");
  add_text("kind", "Policy");
  Result<config::Policy, config::Problems> parsed = config::parse_policy(yaml::to_json(document));
  if (parsed) {
    policy = std::move(*parsed);
    return;
  }
  // Lines and columns of what was laid together would point nowhere.
  const config::Problem& first = parsed.error().front();
  refuse("policy", first.path.empty() ? first.message : fmt::format("{}: {}", first.path, first.message));
}

Result<GoldenContext> Reader::read(const Node& node) {
  constexpr std::array<std::string_view, 4> kKnown = {"policy", "policyFile", "now", "request"};
  GoldenContext context{.policy = config::default_policy(), .now = {}, .request = {}, .generate_name = {}};
  std::string now(kDefaultNow);
  if (is_table(node, "context", kKnown)) {
    read_text(node, "", "now", now);
    if (const Node* request = node.find("request")) read_request(*request, context);
    if (node.find("policy") != nullptr || node.find("policyFile") != nullptr) read_policy(node, context.policy);
  }
  const Result<TimePoint> time = parse_time(now);
  if (!time) refuse("now", time.error().message);
  if (!failure_.empty()) return fail(ErrorCode::Invalid, failure_);
  context.now = *time;
  context.policy.revision = kRevision;
  return context;
}

}  // namespace

Result<GoldenContext> load_context(const fs::path& case_directory) {
  std::vector<fs::path> directories;
  std::error_code ignored;
  const fs::path innermost = fs::weakly_canonical(case_directory, ignored);
  for (fs::path at = innermost;; at = at.parent_path()) {
    directories.push_back(at);
    if (at == at.parent_path()) break;
  }
  Node merged = make_map();
  fs::path nearest_context = innermost / "context.yaml";
  for (auto directory = directories.rbegin(); directory != directories.rend(); ++directory) {
    const fs::path path = *directory / "context.yaml";
    if (!fs::exists(path, ignored)) continue;
    nearest_context = path;
    PLIMSOLL_TRY(context, load_yaml(path));
    if (Node* file = find(context, "policyFile")) {
      const Result<fs::path> found = find_upward(*directory, file->text);
      if (!found) return fail(found.error().code, found.error().message, path.string());
      file->text = found->string();
    }
    lay_over(merged, context);
  }
  Result<GoldenContext> context = Reader().read(merged);
  if (!context) return fail(context.error().code, context.error().message, nearest_context.string());
  return context;
}

}  // namespace plimsoll::webhook
