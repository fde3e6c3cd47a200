#include "plimsoll/admission/review.hpp"

#include <array>
#include <cstddef>

#include "plimsoll/base/base64.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/json/writer.hpp"

namespace plimsoll::admission {
namespace {

constexpr std::string_view kReviewKind = "AdmissionReview";

// In the order of Route.
constexpr std::array<std::string_view, 4> kPaths = {"/mutate", "/mutate/shadow", "/validate", "/validate/shadow"};

std::string_view to_api_version(Version version) {
  return version == Version::V1 ? "admission.k8s.io/v1" : "admission.k8s.io/v1beta1";
}

std::string_view describe(json::Kind kind) {
  switch (kind) {
    case json::Kind::Missing:
      return "missing";
    case json::Kind::Null:
      return "null";
    case json::Kind::Bool:
      return "a boolean";
    case json::Kind::Number:
      return "a number";
    case json::Kind::String:
      return "a string";
    case json::Kind::Array:
      return "an array";
    case json::Kind::Object:
      return "an object";
  }
  return "";
}

// `value` as a person would name it in "… is WHAT".
std::string describe_value(json::View value) {
  const auto text = value.text();
  return text ? quoted(*text) : std::string(describe(value.kind()));
}

Result<Version> decode_version(json::View api_version) {
  const auto text = api_version.text();
  for (const Version version : {Version::V1, Version::V1Beta1}) {
    if (text == to_api_version(version)) return version;
  }
  return fail(ErrorCode::Unsupported,
              "apiVersion is " + describe_value(api_version) + ", not admission.k8s.io/v1 or admission.k8s.io/v1beta1",
              "/apiVersion");
}

Operation decode_operation(std::string_view text) {
  for (const Operation operation : {Operation::Create, Operation::Update, Operation::Delete, Operation::Connect}) {
    if (text == to_text(operation)) return operation;
  }
  return Operation::Unknown;
}

std::string_view text_or_empty(json::View view) {
  return view.text().value_or(std::string_view());
}

void write_member_unless_empty(json::Writer& writer, std::string_view name, std::string_view text) {
  if (!text.empty()) writer.member(name, text);
}

void write_status(json::Writer& writer, const Answer& answer) {
  writer.key("status").begin_object();
  writer.member("status", "Failure");
  write_member_unless_empty(writer, "message", answer.message);
  write_member_unless_empty(writer, "reason", answer.reason);
  if (!answer.kind_name.empty() || !answer.object_name.empty() || !answer.causes.empty()) {
    writer.key("details").begin_object();
    write_member_unless_empty(writer, "name", answer.object_name);
    write_member_unless_empty(writer, "kind", answer.kind_name);
    if (!answer.causes.empty()) {
      writer.key("causes").begin_array();
      for (const Cause& cause : answer.causes) {
        writer.begin_object();
        write_member_unless_empty(writer, "reason", cause.reason);
        write_member_unless_empty(writer, "message", cause.message);
        write_member_unless_empty(writer, "field", cause.field);
        writer.end_object();
      }
      writer.end_array();
    }
    writer.end_object();
  }
  if (answer.code != 0) writer.member("code", answer.code);
  writer.end_object();
}

}  // namespace

std::string_view to_path(Route route) {
  return kPaths[static_cast<std::size_t>(route)];
}

std::optional<Route> find_route(std::string_view path) {
  for (std::size_t i = 0; i < kPaths.size(); ++i) {
    if (path == kPaths[i]) return static_cast<Route>(i);
  }
  return std::nullopt;
}

std::string_view to_text(Operation operation) {
  switch (operation) {
    case Operation::Create:
      return "CREATE";
    case Operation::Update:
      return "UPDATE";
    case Operation::Delete:
      return "DELETE";
    case Operation::Connect:
      return "CONNECT";
    case Operation::Unknown:
      return "UNKNOWN";
  }
  return "";
}

Result<Review> decode_review(std::string body) {
  PLIMSOLL_TRY(document, json::Document::parse(std::move(body)));
  const json::View root = document.root();
  if (!root.is_object()) {
    return fail(ErrorCode::Invalid,
                "the body is " + std::string(describe(root.kind())) + ", not an AdmissionReview object");
  }
  if (root["kind"].text() != kReviewKind) {
    return fail(ErrorCode::Unsupported, "kind is " + describe_value(root["kind"]) + ", not AdmissionReview", "/kind");
  }
  PLIMSOLL_TRY(version, decode_version(root["apiVersion"]));

  const json::View request = root["request"];
  if (!request.is_object()) {
    return fail(ErrorCode::Invalid, "request is " + std::string(describe(request.kind())) + ", not an object",
                "/request");
  }
  const auto uid = request["uid"].text();
  if (!uid) {
    return fail(ErrorCode::Invalid, "request.uid is " + describe_value(request["uid"]) + ", not a string",
                "/request/uid");
  }
  if (uid->empty()) return fail(ErrorCode::Invalid, "request.uid is empty", "/request/uid");

  const json::View kind = request["kind"];
  const json::View user = request["userInfo"];
  std::vector<std::string_view> groups;
  groups.reserve(user["groups"].size());
  for (const json::View group : user["groups"].elements()) {
    if (const auto name = group.text()) groups.push_back(*name);
  }
  // Views point into the bytes, which stay where they are when the Document moves.
  return Review{
      .document = std::move(document),
      .version = version,
      .uid = *uid,
      .kind = {text_or_empty(kind["group"]), text_or_empty(kind["version"]), text_or_empty(kind["kind"])},
      .name = text_or_empty(request["name"]),
      .name_space = text_or_empty(request["namespace"]),
      .sub_resource = text_or_empty(request["subResource"]),
      .operation = decode_operation(text_or_empty(request["operation"])),
      .user = text_or_empty(user["username"]),
      .groups = std::move(groups),
      .dry_run = request["dryRun"].boolean().value_or(false),
      .object = request["object"],
  };
}

std::string encode_answer(const Answer& answer) {
  json::Writer writer;
  writer.begin_object();
  writer.member("kind", kReviewKind).member("apiVersion", to_api_version(answer.version));
  writer.key("response").begin_object();
  writer.member("uid", answer.uid).member("allowed", answer.allowed);
  // The API server ignores a patch of a denied object and the status of an allowed one.
  if (!answer.allowed) write_status(writer, answer);
  if (answer.allowed && !answer.patch.empty()) {
    // Base64 holds nothing that JSON would escape.
    writer.key("patch").raw('"' + encode_base64(answer.patch) + '"').member("patchType", "JSONPatch");
  }
  if (!answer.audit_annotations.empty()) {
    writer.key("auditAnnotations").begin_object();
    for (const auto& [key, value] : answer.audit_annotations) writer.member(key, value);
    writer.end_object();
  }
  if (!answer.warnings.empty()) {
    writer.key("warnings").begin_array();
    for (const std::string& warning : answer.warnings) writer.value(warning);
    writer.end_array();
  }
  writer.end_object().end_object();
  return std::move(writer).take();
}

}  // namespace plimsoll::admission
