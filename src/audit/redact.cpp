#include "plimsoll/audit/redact.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "plimsoll/json/pointer.hpp"
#include "plimsoll/json/tree.hpp"
#include "plimsoll/json/writer.hpp"
#include "plimsoll/workload/workload.hpp"

namespace plimsoll::audit {
namespace {

using json::View;
using workload::Container;
using workload::Workload;

constexpr std::string_view kRoute = "route";

// What is written of a route; of the usual one nothing.
constexpr std::array<std::pair<admission::Route, std::string_view>, 3> kRoutes = {
    {{admission::Route::Shadow, "shadow"},
     {admission::Route::Validate, "validate"},
     {admission::Route::ValidateShadow, "validate/shadow"}}};

constexpr std::string_view kForeignBytes = "foreignAnnotationBytes";
// Nothing that is kept is called so: a prefix ends in a slash, and all names kept beside it have one.
constexpr std::string_view kFiller = "x";

class Redactor {
 public:
  Redactor(const admission::Review& review, std::string_view prefix, const std::vector<std::string>& templates)
      : review_(review), prefix_(prefix), templates_(templates) {}

  std::string redact() && {
    w_.begin_object();
    w_.key("kind").begin_object().member("group", review_.kind.group).member("version", review_.kind.version);
    w_.member("kind", review_.kind.kind).end_object();
    w_.member("namespace", review_.name_space).member("name", review_.name);
    w_.member("operation", admission::to_text(review_.operation)).member("subResource", review_.sub_resource);
    w_.key("userInfo").begin_object().member("username", review_.user).key("groups").begin_array();
    for (const std::string_view group : review_.groups) w_.value(group);
    w_.end_array().end_object();
    w_.member("dryRun", review_.dry_run);
    for (const auto& [route, word] : kRoutes) {
      if (review_.route == route) w_.member(kRoute, word);
    }
    if (const auto kind = find_kind()) {
      w_.key("object");
      write_object(*kind);
      if (foreign_bytes_ > 0) w_.member(kForeignBytes, foreign_bytes_);
    }
    w_.end_object();
    return std::move(w_).take();
  }

 private:
  // Of what is never decided on not even the redacted object is kept: a hook registered too widely is sent Secrets.
  std::optional<workload::Kind> find_kind() const {
    const bool is_looked_at =
        review_.operation == admission::Operation::Create ||
        (review_.operation == admission::Operation::Update && admission::validates(review_.route));
    if (!is_looked_at || !review_.sub_resource.empty()) return std::nullopt;
    if (!templates_.empty()) return workload::Kind::Other;
    using Gvk = admission::GroupVersionKind;
    if (review_.kind == Gvk{"", "v1", "Pod"}) return workload::Kind::Pod;
    if (review_.kind == Gvk{"batch", "v1", "Job"}) return workload::Kind::Job;
    if (review_.kind == Gvk{"batch", "v1", "CronJob"}) return workload::Kind::CronJob;
    return std::nullopt;
  }

  // A value of the wrong type must stay of the wrong type; what is in it does not matter.
  void write_shape(View value) {
    switch (value.kind()) {
      case json::Kind::Object:
        w_.begin_object().end_object();
        return;
      case json::Kind::Array:
        w_.begin_array().end_array();
        return;
      case json::Kind::String:
        w_.value("");
        return;
      case json::Kind::Number:
        w_.value(0);
        return;
      default:
        w_.value(value);
    }
  }

  void keep_scalar(View object, std::string_view key) {
    const View value = object[key];
    if (!value) return;
    w_.key(key);
    if (value.is_object() || value.is_array()) return write_shape(value);
    w_.value(value);
  }

  void keep(View object, std::string_view key) {
    if (const View value = object[key]) w_.key(key).value(value);
  }

  // Whether it is empty is all that is asked; a map in place of a list stays one, as it is malformed.
  void keep_emptiness(View object, std::string_view key) {
    const View value = object[key];
    if (!value) return;
    w_.key(key);
    if (value.size() == 0) return write_shape(value);
    if (value.is_object()) {
      w_.begin_object().key("").null().end_object();
    } else {
      w_.begin_array().null().end_array();
    }
  }

  // With a marker it also counts which of them are ours.
  void keep_claims(View object, std::string_view key) {
    if (workload_ != nullptr && workload_->marker) {
      keep(object, key);
    } else {
      keep_emptiness(object, key);
    }
  }

  void keep_scalars(View object, std::string_view key) {
    const View map = object[key];
    if (!map) return;
    w_.key(key);
    if (!map.is_object()) return write_shape(map);
    w_.begin_object();
    for (const json::Member& member : map.members()) {
      w_.key(member.key);
      if (member.value.is_object() || member.value.is_array()) {
        write_shape(member.value);
      } else {
        w_.value(member.value);
      }
    }
    w_.end_object();
  }

  /// Opens the member `key` when it is an object; else writes its shape, if it is there, and there is nothing to close.
  bool enter(View object, std::string_view key) {
    const View value = object[key];
    if (!value) return false;
    w_.key(key);
    if (value.is_object()) {
      w_.begin_object();
      return true;
    }
    write_shape(value);
    return false;
  }

  void write_object(workload::Kind kind) {
    const View object = review_.object;
    if (!object.is_object()) return write_shape(object);
    if (kind == workload::Kind::Other) return write_other_object();
    const Result<Workload> viewed = workload::view_workload(kind, object);
    workload_ = viewed ? &*viewed : nullptr;
    w_.begin_object();
    switch (kind) {
      case workload::Kind::Pod:
        write_template(object);
        break;
      case workload::Kind::Job:
        write_metadata(object, Annotations::OfObject);
        if (enter(object, "spec")) {
          write_job_spec(object["spec"]);
          write_claims_of_job(object["spec"]);
          w_.end_object();
        }
        break;
      case workload::Kind::CronJob:
        write_metadata(object, Annotations::OfObject);
        if (enter(object, "spec")) {
          const View job = object["spec"]["jobTemplate"];
          if (enter(object["spec"], "jobTemplate")) {
            write_metadata(job, Annotations::OfObject);
            if (enter(job, "spec")) {
              write_job_spec(job["spec"]);
              w_.end_object();
            }
            w_.end_object();
          }
          write_claims_of_job(object["spec"]);
          w_.end_object();
        }
        break;
      case workload::Kind::Other:
        break;
    }
    w_.end_object();
  }

  // One way through the object to its pod templates: what is left of it, token by token.
  using Way = std::span<const std::string>;

  void write_other_object() {
    std::vector<std::vector<std::string>> patterns;
    for (const std::string& pattern : templates_) patterns.push_back(json::Pointer(pattern).tokens());
    write_on_the_way(review_.object, json::Pointer(), {patterns.begin(), patterns.end()});
  }

  void write_on_the_way(View value, const json::Pointer& at, const std::vector<Way>& ways) {
    if (std::ranges::any_of(ways, [](Way way) { return way.empty(); })) return write_template_at(value, at);
    const auto onward = [&](std::string_view token) {
      std::vector<Way> rest;
      for (const Way way : ways) {
        if (way.front() == "*" || way.front() == token) rest.push_back(way.subspan(1));
      }
      return rest;
    };
    if (value.is_object()) {
      w_.begin_object();
      for (const char* key : {"apiVersion", "kind", "completions", "parallelism", "priorityClassName"}) {
        keep_scalar(value, key);
      }
      write_metadata(value, Annotations::OfObject);
      for (const json::Member& member : value.members()) {
        const std::vector<Way> rest = onward(member.key);
        if (rest.empty()) continue;
        w_.key(member.key);
        write_on_the_way(member.value, at / member.key, rest);
      }
      w_.end_object();
    } else if (value.is_array()) {
      w_.begin_array();
      std::size_t index = 0;
      for (const View element : value.elements()) {
        write_on_the_way(element, at / index, onward(std::to_string(index)));
        ++index;
      }
      w_.end_array();
    } else {
      write_shape(value);
    }
  }

  void write_template_at(View pod_template, const json::Pointer& at) {
    if (!pod_template.is_object()) return write_shape(pod_template);
    const Result<Workload> viewed = workload::view_template(review_.object, at, workload::Seen::AsPod);
    workload_ = viewed ? &*viewed : nullptr;
    w_.begin_object();
    write_template(pod_template);
    w_.end_object();
    workload_ = nullptr;
    // It is put back into one place, and how many bytes each of several had is more than anybody needs to know.
    foreign_bytes_ = 0;
  }

  void write_job_spec(View spec) {
    for (const char* key :
         {"completions", "parallelism", "backoffLimit", "backoffLimitPerIndex", "suspend", "activeDeadlineSeconds"}) {
      keep_scalar(spec, key);
    }
    if (!enter(spec, "template")) return;
    write_template(spec["template"]);
    w_.end_object();
  }

  void write_claims_of_job(View spec) {
    if (!enter(spec, "scheduling")) return;
    keep_emptiness(spec["scheduling"], "resourceClaims");
    w_.end_object();
  }

  void write_template(View pod_template) {
    write_metadata(pod_template, Annotations::OfPod);
    if (enter(pod_template, "spec")) {
      write_pod_spec(pod_template["spec"]);
      w_.end_object();
    }
  }

  enum class Annotations { OfObject, OfPod };

  void write_names(View metadata) {
    for (const char* key : {"name", "namespace", "generateName"}) keep_scalar(metadata, key);
  }

  void write_metadata(View owner, Annotations which) {
    const View metadata = owner["metadata"];
    if (!enter(owner, "metadata")) return;
    write_names(metadata);
    for (const View reference : metadata["ownerReferences"].elements()) {
      if (reference["controller"].boolean() != true) continue;
      w_.key("ownerReferences").begin_array().begin_object();
      for (const char* key : {"apiVersion", "kind", "name", "controller"}) keep_scalar(reference, key);
      w_.end_object().end_array();
      break;
    }
    keep_scalars(metadata, "labels");
    if (enter(metadata, "annotations")) {
      for (const json::Member& annotation : metadata["annotations"].members()) write_annotation(annotation, which);
      w_.end_object();
    }
    w_.end_object();
  }

  void write_annotation(const json::Member& annotation, Annotations which) {
    const auto [key, value] = annotation;
    if (!prefix_.empty() && key.starts_with(prefix_)) {
      w_.key(key).value(value);
      return;
    }
    const std::size_t size = value.text().value_or("").size();
    const auto kept = value.text() ? reduce(key, *value.text(), which) : std::nullopt;
    if (kept) w_.member(key, *kept);
    if (which != Annotations::OfPod) return;
    // All of them together are limited, so that the decision depends on the size of those left out.
    const std::size_t left = kept ? kept->size() : 0;
    foreign_bytes_ += static_cast<std::int64_t>(kept ? size - std::min(size, left) : key.size() + size);
  }

  /// What a decision depends on in the value of a known annotation; nothing for all others.
  std::optional<std::string> reduce(std::string_view key, std::string_view value, Annotations which) const {
    if (key == "plimsoll.dev/mode") return std::string(value);
    if (which == Annotations::OfObject) {
      const bool is_read = workload::is_object_annotation_of_ours(key) || key == workload::kKueueQueue ||
                           key == "kueue.x-k8s.io/job-min-parallelism";
      return is_read ? std::optional(std::string(value)) : std::nullopt;
    }
    if (key == workload::kMarkerAnnotation) {
      return workload::parse_marker(value) ? std::optional(std::string(value)) : std::nullopt;
    }
    if (workload::is_pod_annotation_of_ours(key)) return std::string(value);
    // That they are there is all that counts.
    constexpr std::array<std::string_view, 4> kSigns = {"kubernetes.io/config.mirror", "vpaUpdates",
                                                        "scheduling.k8s.io/group-name",
                                                        "scheduling.volcano.sh/group-name"};
    if (std::ranges::find(kSigns, key) != kSigns.end()) return std::string();
    if (workload_ == nullptr) return std::nullopt;
    if (key == "kubectl.kubernetes.io/default-container") {
      return workload_->find_container(value) ? std::optional(std::string(value)) : std::nullopt;
    }
    if (key == "kubernetes.io/limit-ranger") return describe_defaults();
    return std::nullopt;
  }

  // LimitRanger's annotation again, as it was understood, without what names nothing in the object.
  std::optional<std::string> describe_defaults() const {
    std::string text;
    for (const Container& container : workload_->containers) {
      std::string resources;
      std::optional<workload::Side> side;
      const auto close = [&] {
        if (resources.empty()) return;
        text += text.empty() ? "LimitRanger plugin set: " : "; ";
        text += resources + (side == workload::Side::Request ? " request for " : " limit for ");
        text += container.role == Container::Role::App ? "container " : "init container ";
        text += container.name;
        resources.clear();
      };
      for (const Container::Defaulted& defaulted : container.defaulted) {
        if (!container.present(defaulted.side, defaulted.resource)) continue;
        if (side != defaulted.side) close();
        side = defaulted.side;
        if (!resources.empty()) resources += ", ";
        resources += defaulted.resource;
      }
      close();
    }
    return text.empty() ? std::nullopt : std::optional(std::move(text));
  }

  void write_pod_spec(View spec) {
    for (const char* key : {"nodeName", "schedulerName", "restartPolicy", "priorityClassName", "priority",
                            "preemptionPolicy", "activeDeadlineSeconds"}) {
      keep_scalar(spec, key);
    }
    if (const View group = spec["schedulingGroup"]) {
      w_.key("schedulingGroup");
      write_shape(group);
    }
    keep_scalars(spec, "nodeSelector");
    keep(spec, "tolerations");
    keep(spec, "topologySpreadConstraints");
    if (enter(spec, "affinity")) {
      keep(spec["affinity"], "nodeAffinity");
      if (enter(spec["affinity"], "podAffinity")) {
        keep(spec["affinity"]["podAffinity"], "preferredDuringSchedulingIgnoredDuringExecution");
        w_.end_object();
      }
      keep(spec["affinity"], "podAntiAffinity");
      w_.end_object();
    }
    keep_claims(spec, "resourceClaims");
    write_resources(spec);
    write_memory_volumes(spec);
    write_containers(spec, "containers");
    write_containers(spec, "initContainers");
  }

  void write_resources(View owner) {
    if (!enter(owner, "resources")) return;
    const View resources = owner["resources"];
    keep_scalars(resources, "requests");
    keep_scalars(resources, "limits");
    keep_claims(resources, "claims");
    w_.end_object();
  }

  void write_memory_volumes(View spec) {
    for (const View volume : spec["volumes"].elements()) {
      const View directory = volume["emptyDir"];
      const auto name = volume["name"].text();
      if (!name || directory["medium"].text() != "Memory") continue;
      if (memory_volumes_.empty()) w_.key("volumes").begin_array();
      memory_volumes_.insert(*name);
      w_.begin_object().member("name", *name).key("emptyDir").begin_object().member("medium", "Memory");
      keep_scalar(directory, "sizeLimit");
      w_.end_object().end_object();
    }
    if (!memory_volumes_.empty()) w_.end_array();
  }

  void write_containers(View spec, std::string_view list) {
    const View containers = spec[list];
    if (!containers) return;
    w_.key(list);
    if (!containers.is_array()) return write_shape(containers);
    w_.begin_array();
    for (const View container : containers.elements()) {
      if (container.is_object()) {
        write_container(container);
      } else {
        write_shape(container);
      }
    }
    w_.end_array();
  }

  void write_container(View container) {
    w_.begin_object();
    keep_scalar(container, "name");
    keep_scalar(container, "restartPolicy");
    write_resources(container);
    const Bytes heap = workload::visible_heap(container);
    if (heap > Bytes{}) w_.key("args").begin_array().value(heap_argument(heap)).end_array();
    if (!memory_volumes_.empty()) write_memory_mounts(container);
    w_.end_object();
  }

  void write_memory_mounts(View container) {
    w_.key("volumeMounts").begin_array();
    for (const View mount : container["volumeMounts"].elements()) {
      const auto name = mount["name"].text();
      if (name && memory_volumes_.contains(*name)) w_.begin_object().member("name", *name).end_object();
    }
    w_.end_array();
  }

  // The more digits, the likelier the suffix: beyond 18 a size is not read at all.
  static std::string heap_argument(Bytes heap) {
    const std::int64_t bytes = heap.count();
    return bytes % 1024 == 0 ? "-Xmx" + std::to_string(bytes / 1024) + "k" : "-Xmx" + std::to_string(bytes);
  }

  const admission::Review& review_;
  std::string_view prefix_;
  const std::vector<std::string>& templates_;
  const Workload* workload_ = nullptr;
  std::int64_t foreign_bytes_ = 0;
  std::set<std::string_view> memory_volumes_;
  json::Writer w_;
};

// Everything beyond ASCII as \uXXXX. The text has to stay what it is, and must not reach a terminal as it is.
std::string to_ascii(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  const auto escape = [&](std::uint32_t unit) { fmt::format_to(std::back_inserter(text), "\\u{:04x}", unit); };
  for (std::size_t i = 0; i < json.size(); ++i) {
    const auto lead = static_cast<unsigned char>(json[i]);
    if (lead < 0x7F) {
      text += json[i];
      continue;
    }
    // The text is valid UTF-8: it was parsed as such.
    const std::size_t more = lead < 0xC0 ? 0 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    std::uint32_t point = more == 0 ? lead : lead & (0x3FU >> more);
    for (std::size_t k = 0; k < more; ++k) point = point << 6U | (static_cast<unsigned char>(json[++i]) & 0x3FU);
    if (point < 0x10000) {
      escape(point);
    } else {
      escape(0xD800 + ((point - 0x10000) >> 10U));
      escape(0xDC00 + ((point - 0x10000) & 0x3FFU));
    }
  }
  return text;
}

json::Pointer annotations_of_pod(std::string_view kind) {
  if (kind == "Job") return json::Pointer("/spec/template/metadata/annotations");
  if (kind == "CronJob") return json::Pointer("/spec/jobTemplate/spec/template/metadata/annotations");
  return json::Pointer("/metadata/annotations");
}

}  // namespace

Result<std::string> redact(const admission::Review& review, std::string_view prefix,
                           const std::vector<std::string>& templates) {
  std::string request = to_ascii(Redactor(review, prefix, templates).redact());
  if (request.size() > kRedactedLimit) return fail(ErrorCode::TooLarge, "what a replay needs is too large to be kept");
  return request;
}

Result<admission::Review> restore(json::View request) {
  if (!request.is_object()) return fail(ErrorCode::Invalid, "there is no request to replay");
  // As many bytes of annotations as were left out.
  json::Tree object(request["object"]);
  const auto bytes = request[kForeignBytes].integer().value_or(0);
  std::optional<json::Document> filler;
  if (bytes > 0 && static_cast<std::size_t>(bytes) <= kRedactedLimit * 16) {
    const std::string text(static_cast<std::size_t>(bytes) - kFiller.size(), 'x');
    PLIMSOLL_TRY(document, json::Document::parse(json::to_json_string(text)));
    filler = std::move(document);
    const json::Pointer at = annotations_of_pod(request["kind"]["kind"].text().value_or("")) / kFiller;
    PLIMSOLL_CHECK(object.add(at, filler->root()));
  }
  json::Writer w;
  w.begin_object().member("kind", "AdmissionReview").member("apiVersion", "admission.k8s.io/v1").key("request");
  w.begin_object().member("uid", "replay");
  for (const json::Member& member : request.members()) {
    if (member.key != "object" && member.key != "uid") w.key(member.key).value(member.value);
  }
  w.key("object").value(object.root()).end_object().end_object();
  PLIMSOLL_TRY(review, admission::decode_review(std::move(w).take()));
  for (const auto& [route, word] : kRoutes) {
    if (request[kRoute].text() == word) review.route = route;
  }
  return Result<admission::Review>(std::move(review));
}

}  // namespace plimsoll::audit
