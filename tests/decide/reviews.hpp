// Admission reviews around objects in YAML, and what comes of them.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <string_view>

#include "given.hpp"
#include "plimsoll/decide/decide.hpp"
#include "plimsoll/json/writer.hpp"

namespace plimsoll::given {

struct Request {
  std::string_view user = "ada";
  std::string_view name_space = "default";
  std::string_view operation = "CREATE";
  std::string_view sub_resource = "";
  admission::Route route = admission::Route::Mutate;
};

inline admission::Review review_of_json(std::string_view kind, std::string_view object, const Request& request = {}) {
  json::Writer w;
  w.begin_object().member("apiVersion", "admission.k8s.io/v1").member("kind", "AdmissionReview").key("request");
  w.begin_object().member("uid", "u1").key("kind").begin_object();
  const auto parsed = json::Document::parse(std::string(object));
  const std::string_view api_version = parsed ? parsed->root()["apiVersion"].text().value_or("") : "";
  const workload::Owner as_owner{api_version, kind, ""};
  const std::string_view usual = kind == "Pod" || kind == "ConfigMap" ? "" : "batch";
  w.member("group", api_version.empty() ? usual : as_owner.group()).member("version", "v1").member("kind", kind);
  w.end_object().member("namespace", request.name_space).member("operation", request.operation);
  w.member("subResource", request.sub_resource);
  w.key("userInfo").begin_object().member("username", request.user).end_object();
  w.key("object").raw(object).end_object().end_object();
  auto review = admission::decode_review(w.text());
  if (!review) FAIL(review.error().message);
  review->route = request.route;
  return std::move(review).value();
}
inline admission::Review review(std::string_view kind, std::string_view yaml, const Request& request = {}) {
  return review_of_json(kind, json_text(yaml), request);
}

inline decide::Snapshot world(config::Policy policy) {
  return {std::make_shared<const config::Policy>(std::move(policy))};
}
inline decide::Snapshot world(std::string_view fields = "") {
  return world(policy(fields));
}

inline const TimePoint kNow = time("2026-01-01T00:00:00Z");

/// The object after the decision, as JSON.
inline std::string patched(const admission::Review& review, const decide::Decision& decision) {
  const auto tree = patch::apply(review.object, decision.patch);
  if (!tree) FAIL(tree.error().message);
  return json::write(tree->root());
}

}  // namespace plimsoll::given
