// Objects and policies as tests write them: short, in YAML.
#pragma once

#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/config/policy.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/units/duration.hpp"
#include "plimsoll/workload/workload.hpp"
#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::given {

/// JSON text of one YAML document.
inline std::string json_text(std::string_view yaml) {
  const auto documents = yaml::parse(yaml);
  if (!documents) FAIL(documents.error().where << ": " << documents.error().message << "\n" << yaml);
  return documents->empty() ? "{}" : yaml::to_json(documents->front());
}

inline json::Document document(std::string_view yaml) {
  auto parsed = json::Document::parse(json_text(yaml));
  if (!parsed) FAIL(parsed.error().message << "\n" << yaml);
  return std::move(parsed).value();
}

/// The policy of `fields`, to which apiVersion and kind are added.
inline config::Policy policy(std::string_view fields) {
  auto policy = config::parse_policy("apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n" + std::string(fields));
  if (!policy) FAIL(config::to_text(policy.error().front()) << "\n" << fields);
  return std::move(policy).value();
}

inline TimePoint time(std::string_view text) {
  return parse_time(text).value();
}

/// An object and the view of it, together, so that a test can name either.
struct Object {
  json::Document document;
  workload::Workload workload;
};

inline Object object(workload::Kind kind, std::string_view yaml) {
  json::Document parsed = document(yaml);
  auto viewed = workload::view_workload(kind, parsed.root());
  if (!viewed) FAIL(viewed.error().where << ": " << viewed.error().message << "\n" << yaml);
  return {std::move(parsed), std::move(viewed).value()};
}
inline Object pod(std::string_view yaml) {
  return object(workload::Kind::Pod, yaml);
}
inline Object job(std::string_view yaml) {
  return object(workload::Kind::Job, yaml);
}

}  // namespace plimsoll::given
