#include "webhook/input/request.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace plimsoll;
using namespace plimsoll::webhook;

namespace {

admission::Review decode(const std::string& object, const Request& request) {
  const auto document = json::Document::parse(object);
  REQUIRE(document);
  auto review = admission::decode_review(encode_review(document->root(), request, admission::Version::V1));
  REQUIRE(review);
  return std::move(*review);
}

}  // namespace

TEST_CASE("a review says what the API server would say") {
  const Request request{.name_space = "team-a", .user = "ada", .groups = {"research", "system:authenticated"}};
  const admission::Review review =
      decode(R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j"},"spec":{}})", request);
  CHECK(review.uid == kReviewUid);
  CHECK(review.kind == admission::GroupVersionKind{"batch", "v1", "Job"});
  CHECK(review.name == "j");
  CHECK(review.name_space == "team-a");
  CHECK(review.operation == admission::Operation::Create);
  CHECK(review.user == "ada");
  CHECK(review.groups.size() == 2);
  CHECK_FALSE(review.dry_run);
  CHECK(review.object["metadata"]["name"].text() == "j");
}

TEST_CASE("an object's own namespace goes before the request's") {
  const admission::Review review =
      decode(R"({"apiVersion":"v1","kind":"Pod","metadata":{"generateName":"p-","namespace":"own"}})",
             {.name_space = "team-a", .effect = Request::Effect::DryRun});
  CHECK(review.kind == admission::GroupVersionKind{"", "v1", "Pod"});
  CHECK(review.name_space == "own");
  CHECK(review.name.empty());
  CHECK(review.dry_run);
}

TEST_CASE("a deletion carries no object") {
  const admission::Review review = decode(R"({"apiVersion":"v1","kind":"Pod"})", {.operation = "DELETE"});
  CHECK(review.operation == admission::Operation::Delete);
  CHECK_FALSE(review.object.is_object());
}
