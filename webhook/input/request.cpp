#include "webhook/input/request.hpp"

#include "plimsoll/json/writer.hpp"

namespace plimsoll::webhook {
namespace {

void write_kind(json::Writer& writer, json::View object) {
  const std::string_view api_version = object["apiVersion"].text().value_or("");
  const std::size_t slash = api_version.find('/');
  const bool is_core = slash == std::string_view::npos;
  writer.begin_object();
  writer.member("group", is_core ? std::string_view() : api_version.substr(0, slash));
  writer.member("version", is_core ? api_version : api_version.substr(slash + 1));
  writer.member("kind", object["kind"].text().value_or(""));
  writer.end_object();
}

}  // namespace

std::string encode_review(json::View object, const Request& request, admission::Version version) {
  const json::View metadata = object["metadata"];
  const std::string_view name = request.name.empty() ? metadata["name"].text().value_or("") : request.name;
  const std::string_view own_namespace = metadata["namespace"].text().value_or("");
  const bool is_deletion = request.operation == "DELETE";

  json::Writer writer;
  writer.begin_object().member("kind", "AdmissionReview");
  writer.member("apiVersion", version == admission::Version::V1 ? "admission.k8s.io/v1" : "admission.k8s.io/v1beta1");
  writer.key("request").begin_object().member("uid", kReviewUid);
  write_kind(writer.key("kind"), object);
  if (!request.sub_resource.empty()) writer.member("subResource", request.sub_resource);
  if (!name.empty()) writer.member("name", name);
  writer.member("namespace", own_namespace.empty() ? std::string_view(request.name_space) : own_namespace);
  writer.member("operation", request.operation);
  writer.key("userInfo").begin_object().member("username", request.user).key("groups").begin_array();
  for (const std::string& group : request.groups) writer.value(group);
  writer.end_array().end_object();
  writer.key("object");
  if (is_deletion) {
    writer.null();
  } else {
    writer.value(object);
  }
  writer.key("oldObject");
  if (request.operation == "CREATE") {
    writer.null();
  } else {
    writer.value(object);
  }
  writer.member("dryRun", request.effect == Request::Effect::DryRun);
  writer.end_object().end_object();
  return std::move(writer).take();
}

Result<admission::Review> make_review(json::View object, const Request& request, admission::Version version) {
  PLIMSOLL_TRY(review, admission::decode_review(encode_review(object, request, version)));
  review.route = request.route;
  return Result<admission::Review>(std::move(review));
}

}  // namespace plimsoll::webhook
