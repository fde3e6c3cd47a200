#include "plimsoll/admission/review.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "plimsoll/json/writer.hpp"

namespace plimsoll::admission {
namespace {

std::string load_sample(const std::string& name) {
  std::ifstream file(PLIMSOLL_SOURCE_DIR "/tests/samples/" + name, std::ios::binary);
  INFO(name);
  REQUIRE(file.good());
  return {std::istreambuf_iterator<char>(file), {}};
}

Review decoded(std::string body) {
  auto review = decode_review(std::move(body));
  INFO((review ? std::string() : review.error().message));
  REQUIRE(review.has_value());
  return std::move(review).value();
}

json::Document parsed(std::string text) {
  auto document = json::Document::parse(std::move(text));
  REQUIRE(document.has_value());
  return std::move(document).value();
}

TEST_CASE("the reviews that API servers sent are read") {
  struct Case {
    const char* file;
    const char *uid, *group, *version, *kind, *name, *name_space, *user, *first_group;
    Operation operation;
    bool is_dry_run;
    bool has_object;
  };
  const Case cases[] = {
      {"job-create-1.37.json", "8b04600d-6c93-4448-a955-94710949ab5f", "batch", "v1", "Job", "capture-job", "b-cap",
       "admin", "system:masters", Operation::Create, true, true},
      {"pod-create-1.37.json", "0aefcc8c-bc58-42cb-aa2e-fbbd18036150", "", "v1", "Pod", "capture-pod", "b-cap", "admin",
       "system:masters", Operation::Create, true, true},
      {"job-create-kubectl.json", "a3cc834b-39eb-4c04-a588-793c9a64bf69", "batch", "v1", "Job", "j1", "default",
       "admin", "system:masters", Operation::Create, false, true},
      {"pod-create-kubectl.json", "e3bb65a0-78c2-4086-ad67-f088127b6385", "", "v1", "Pod", "p1", "default", "admin",
       "system:masters", Operation::Create, false, true},
      // Made by a controller: generateName, and so no name (P22).
      {"pod-create-from-job-controller.json", "1d6d6595-0d9d-4503-9c41-30b891a89453", "", "v1", "Pod", "", "default",
       "system:serviceaccount:kube-system:job-controller", "system:serviceaccounts", Operation::Create, false, true},
      {"pod-update-finalizer-removal.json", "827fff0b-f903-49eb-b377-fb372ef4120a", "", "v1", "Pod", "j2-v7v2x",
       "default", "system:serviceaccount:kube-system:job-controller", "system:serviceaccounts", Operation::Update,
       false, true},
      {"pod-delete.json", "f8dd92eb-00cd-4aaf-bbc9-5d402467aa8d", "", "v1", "Pod", "j1-hxp98", "default", "kwok",
       "system:masters", Operation::Delete, false, false},
  };
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(PLIMSOLL_SOURCE_DIR "/tests/samples")) {
    files += entry.path().extension() == ".json" ? 1U : 0U;
  }
  CHECK(files == std::size(cases));
  for (const Case& c : cases) {
    INFO(c.file);
    const Review review = decoded(load_sample(c.file));
    CHECK(review.version == Version::V1);
    CHECK(review.uid == c.uid);
    CHECK(review.kind == GroupVersionKind{c.group, c.version, c.kind});
    CHECK(review.name == c.name);
    CHECK(review.name_space == c.name_space);
    CHECK(review.sub_resource.empty());
    CHECK(review.operation == c.operation);
    CHECK(review.user == c.user);
    REQUIRE_FALSE(review.groups.empty());
    CHECK(review.groups[0] == c.first_group);
    CHECK(review.dry_run == c.is_dry_run);
    CHECK(review.object.is_object() == c.has_object);
    CHECK(review.object.is_null() == !c.has_object);
    if (c.has_object) CHECK(review.object["kind"].text() == c.kind);
  }
}

TEST_CASE("a review keeps what it points to when it moves") {
  std::vector<Review> reviews;
  reviews.push_back(decoded(load_sample("job-create-kubectl.json")));
  for (int i = 0; i < 20; ++i) reviews.push_back(decoded(load_sample("pod-delete.json")));
  const Review review = std::move(reviews[0]);
  reviews.clear();
  CHECK(review.uid == "a3cc834b-39eb-4c04-a588-793c9a64bf69");
  CHECK(review.groups.at(1) == "system:authenticated");
  CHECK(review.object["metadata"]["name"].text() == "j1");
}

TEST_CASE("both versions are read, and what may be absent is empty") {
  const Review least =
      decoded(R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","request":{"uid":"u"}})");
  CHECK(least.version == Version::V1Beta1);
  CHECK(least.uid == "u");
  CHECK(least.kind == GroupVersionKind{});
  CHECK(least.operation == Operation::Unknown);
  CHECK(least.groups.empty());
  CHECK_FALSE(least.dry_run);
  CHECK_FALSE(least.object);

  const Review full = decoded(
      R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"dryRun":true,"uid":"u","operation":"CONNECT",)"
      R"("subResource":"status","userInfo":{"username":"ada","groups":["a",7,null,"b"]},"object":{},"novel":[1]},"novel":{}})");
  CHECK(full.dry_run);
  CHECK(full.operation == Operation::Connect);
  CHECK(full.sub_resource == "status");
  CHECK(full.user == "ada");
  CHECK(full.groups == std::vector<std::string_view>{"a", "b"});
  CHECK(full.object.is_object());

  // Of another type than the API server would ever send: as if absent.
  const Review odd = decoded(
      R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"u","kind":"Pod","name":1,"namespace":null,)"
      R"("operation":"PATCH","userInfo":[],"dryRun":"yes","object":"text"}})");
  CHECK(odd.kind == GroupVersionKind{});
  CHECK(odd.name.empty());
  CHECK(odd.name_space.empty());
  CHECK(odd.operation == Operation::Unknown);
  CHECK(odd.user.empty());
  CHECK_FALSE(odd.dry_run);
  CHECK_FALSE(odd.object.is_object());
}

TEST_CASE("operations are named as the API server names them") {
  CHECK(to_text(Operation::Create) == "CREATE");
  CHECK(to_text(Operation::Update) == "UPDATE");
  CHECK(to_text(Operation::Delete) == "DELETE");
  CHECK(to_text(Operation::Connect) == "CONNECT");
  CHECK(to_text(Operation::Unknown) == "UNKNOWN");
}

TEST_CASE("a body that cannot be answered is refused with its reason") {
  struct Case {
    std::string body;
    ErrorCode code;
    const char *where, *message;
  };
  const auto with_request = [](std::string_view request) {
    return R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","request":)" + std::string(request) + "}";
  };
  const auto with_head = [](std::string_view head) { return "{" + std::string(head) + R"("request":{"uid":"u"}})"; };
  const Case cases[] = {
      {"", ErrorCode::Invalid, "byte 0", "not JSON: there is no value, at the end"},
      {"   ", ErrorCode::Invalid, "byte 3", "not JSON: there is no value"},
      {"hello", ErrorCode::Invalid, "byte 0", "not JSON: no value can begin here, at \"hello\""},
      {"<html></html>", ErrorCode::Invalid, "byte 0", "not JSON"},
      {"apiVersion: admission.k8s.io/v1", ErrorCode::Invalid, "byte 0", "not JSON"},
      {std::string("\x1f\x8b\x08\x00", 4), ErrorCode::Invalid, "byte 3", "not JSON: a NUL byte"},
      {with_request(R"({"uid":"u"})").substr(0, 55), ErrorCode::Invalid, "byte 55", "not JSON: a string is not closed"},
      {with_request(R"({"uid":"u"})") + "x", ErrorCode::Invalid, "byte 83", "something follows the value, at \"x\""},
      {with_request("{\"uid\":\"\xff\"}"), ErrorCode::Invalid, "byte 79", "malformed UTF-8"},
      {with_request(R"({"uid":"\ud800"})"), ErrorCode::Invalid, "byte 79", "half of a surrogate pair"},
      {with_request(std::string(100'000, '[')), ErrorCode::TooLarge, "byte 1095", "nested deeper than 1024 levels"},
      {"[]", ErrorCode::Invalid, "", "the body is an array, not an AdmissionReview object"},
      {"null", ErrorCode::Invalid, "", "the body is null, not"},
      {"\"AdmissionReview\"", ErrorCode::Invalid, "", "the body is a string, not"},
      {"42", ErrorCode::Invalid, "", "the body is a number, not"},
      {"{}", ErrorCode::Unsupported, "/kind", "kind is missing, not AdmissionReview"},
      {with_head(R"("kind":"Pod","apiVersion":"v1",)"), ErrorCode::Unsupported, "/kind",
       "kind is \"Pod\", not AdmissionReview"},
      {with_head(R"("kind":"admissionreview",)"), ErrorCode::Unsupported, "/kind", "kind is \"admissionreview\""},
      {with_head(R"("kind":null,)"), ErrorCode::Unsupported, "/kind", "kind is null"},
      {with_head(R"("kind":"x\u001b[2J",)"), ErrorCode::Unsupported, "/kind", "kind is \"x\\u{1b}[2J\""},
      {with_head(R"("kind":"AdmissionReview",)"), ErrorCode::Unsupported, "/apiVersion", "apiVersion is missing, not"},
      {with_head(R"("kind":"AdmissionReview","apiVersion":"admission.k8s.io/v2",)"), ErrorCode::Unsupported,
       "/apiVersion", "apiVersion is \"admission.k8s.io/v2\", not admission.k8s.io/v1 or admission.k8s.io/v1beta1"},
      {with_head(R"("kind":"AdmissionReview","apiVersion":"v1",)"), ErrorCode::Unsupported, "/apiVersion",
       "apiVersion is \"v1\""},
      {with_head(R"("kind":"AdmissionReview","apiVersion":1,)"), ErrorCode::Unsupported, "/apiVersion",
       "apiVersion is a number"},
      {R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1"})", ErrorCode::Invalid, "/request",
       "request is missing"},
      {with_request("null"), ErrorCode::Invalid, "/request", "request is null, not an object"},
      {with_request("[]"), ErrorCode::Invalid, "/request", "request is an array, not an object"},
      {with_request("{}"), ErrorCode::Invalid, "/request/uid", "request.uid is missing, not a string"},
      {with_request(R"({"uid":7})"), ErrorCode::Invalid, "/request/uid", "request.uid is a number, not a string"},
      {with_request(R"({"uid":null})"), ErrorCode::Invalid, "/request/uid", "request.uid is null"},
      {with_request(R"({"uid":""})"), ErrorCode::Invalid, "/request/uid", "request.uid is empty"},
      {with_request(R"({"UID":"u"})"), ErrorCode::Invalid, "/request/uid", "request.uid is missing"},
  };
  for (const Case& c : cases) {
    INFO(c.body.substr(0, 200));
    const auto review = decode_review(c.body);
    REQUIRE_FALSE(review.has_value());
    CHECK(review.error().code == c.code);
    CHECK(review.error().where == c.where);
    CHECK_THAT(review.error().message, Catch::Contains(c.message));
  }
}

// What the API server makes of a mutating webhook's answer; or why it calls the webhook failed.
// Source: k8s.io/apiserver/pkg/admission/plugin/webhook/request/admissionreview.go, VerifyAdmissionResponse
struct Verified {
  bool is_allowed = false;
  std::string patch;
  std::string patch_type;
};

Result<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return fail(ErrorCode::Invalid, "illegal base64 data");
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 4) {
    std::uint32_t group = 0;
    std::size_t padding = 0;
    for (std::size_t j = i; j < i + 4; ++j) {
      const std::size_t value = kAlphabet.find(text[j]);
      const bool is_padding = text[j] == '=' && i + 4 == text.size() && j >= i + 2;
      if (value == std::string_view::npos && !is_padding) return fail(ErrorCode::Invalid, "illegal base64 data");
      if (value != std::string_view::npos && padding > 0) return fail(ErrorCode::Invalid, "illegal base64 data");
      padding += is_padding ? 1U : 0U;
      group = group << 6U | static_cast<std::uint32_t>(is_padding ? 0 : value);
    }
    for (std::size_t j = 0; j < 3 - padding; ++j) bytes += static_cast<char>(group >> (16 - 8 * j) & 0xFFU);
  }
  return bytes;
}

Result<Verified> verify_as_api_server(Version asked, std::string_view uid, const std::string& body) {
  PLIMSOLL_TRY(document, json::Document::parse(body));
  const json::View root = document.root();
  const json::View response = root["response"];
  if (!response.is_object()) return fail(ErrorCode::Invalid, "webhook response was absent");

  Verified verified;
  verified.is_allowed = response["allowed"].boolean().value_or(false);
  PLIMSOLL_TRY(patch, decode_base64(response["patch"].text().value_or("")));
  verified.patch = patch;
  const auto patch_type = response["patchType"].text();
  if (asked == Version::V1Beta1) {
    if (!patch.empty()) verified.patch_type = "JSONPatch";
    return verified;
  }
  if (response["uid"].text().value_or("") != uid) return fail(ErrorCode::Invalid, "expected response.uid");
  if (root["apiVersion"].text() != "admission.k8s.io/v1" || root["kind"].text() != "AdmissionReview") {
    return fail(ErrorCode::Invalid, "expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview");
  }
  if (!patch.empty() && !patch_type) return fail(ErrorCode::Invalid, "response.patch but not response.patchType");
  if (patch.empty() && patch_type) return fail(ErrorCode::Invalid, "response.patchType but not response.patch");
  if (patch_type && patch_type->empty()) return fail(ErrorCode::Invalid, "invalid response.patchType");
  verified.patch_type = patch_type.value_or("");
  return verified;
}

// First the judge is judged: the rows of TestVerifyAdmissionResponse that concern a mutating webhook.
TEST_CASE("the port of the API server's check agrees with the API server's own table") {
  struct Case {
    const char* name;
    Version asked;
    const char* body;
    const char* refusal;  // nullptr: accepted
    const char *patch, *patch_type;
  };
  constexpr auto kV1 = Version::V1;
  constexpr auto kBeta = Version::V1Beta1;
  const Case cases[] = {
      {"v1beta1 allowed", kBeta, R"({"response":{"allowed":true}})", nullptr, "", ""},
      {"v1 allowed", kV1,
       R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"123","allowed":true}})",
       nullptr, "", ""},
      {"v1beta1 patch", kBeta, R"({"response":{"allowed":true,"patch":"W10="}})", nullptr, "[]", "JSONPatch"},
      {"v1 patch", kV1,
       R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"123","allowed":true,"patch":"W10=","patchType":"JSONPatch"}})",
       nullptr, "[]", "JSONPatch"},
      {"v1beta1 no response", kBeta, "{}", "response was absent", "", ""},
      {"v1 no response", kV1, R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview"})", "response was absent",
       "", ""},
      {"v1 wrong group", kV1,
       R"({"apiVersion":"admission.k8s.io2/v1","kind":"AdmissionReview","response":{"uid":"123","allowed":true}})",
       "expected webhook response of", "", ""},
      {"v1 wrong version", kV1,
       R"({"apiVersion":"admission.k8s.io/v2","kind":"AdmissionReview","response":{"uid":"123","allowed":true}})",
       "expected webhook response of", "", ""},
      {"v1 wrong kind", kV1,
       R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview2","response":{"uid":"123","allowed":true}})",
       "expected webhook response of", "", ""},
      {"v1 wrong uid", kV1,
       R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"1234","allowed":true}})",
       "expected response.uid", "", ""},
      {"v1 patch without patch type", kV1,
       R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"123","allowed":true,"patch":"W10="}})",
       "response.patch but not response.patchType", "", ""},
      {"v1 patch type without patch", kV1,
       R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"123","allowed":true,"patchType":"JSONPatch"}})",
       "response.patchType but not response.patch", "", ""},
      {"v1 empty patch type", kV1,
       R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"123","allowed":true,"patch":"W10=","patchType":""}})",
       "invalid response.patchType", "", ""},
      {"v1 invalid patch type, which the dispatcher refuses later", kV1,
       R"({"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{"uid":"123","allowed":true,"patch":"W10=","patchType":"Foo"}})",
       nullptr, "[]", "Foo"},
      {"v1beta1 wrong group, version and kind", kBeta,
       R"({"apiVersion":"admission.k8s.io2/v2","kind":"AdmissionReview2","response":{"allowed":true}})", nullptr, "",
       ""},
      {"v1beta1 wrong uid", kBeta, R"({"response":{"uid":"1234","allowed":true}})", nullptr, "", ""},
      {"v1beta1 empty patch type", kBeta, R"({"response":{"allowed":true,"patch":"W10=","patchType":""}})", nullptr,
       "[]", "JSONPatch"},
      {"v1beta1 invalid patch type", kBeta, R"({"response":{"allowed":true,"patch":"W10=","patchType":"Foo"}})",
       nullptr, "[]", "JSONPatch"},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    const auto verified = verify_as_api_server(c.asked, "123", c.body);
    REQUIRE(verified.has_value() == (c.refusal == nullptr));
    if (!verified) {
      CHECK_THAT(verified.error().message, Catch::Contains(c.refusal));
      continue;
    }
    CHECK(verified->patch == c.patch);
    CHECK(verified->patch_type == c.patch_type);
  }
}

TEST_CASE("every answer passes the API server's check, in the version that was asked") {
  for (const Version version : {Version::V1, Version::V1Beta1}) {
    for (const bool allowed : {true, false}) {
      for (const std::string& patch : {std::string(), std::string(R"([{"op":"add","path":"/a","value":"ü"}])")}) {
        for (const std::string& uid : {std::string("123"), std::string("a \"uid\" \u2028")}) {
          const Answer answer{.version = version, .uid = uid, .allowed = allowed, .patch = patch, .code = 422};
          const std::string body = encode_answer(answer);
          INFO(body);
          const auto verified = verify_as_api_server(version, uid, body);
          REQUIRE(verified.has_value());
          CHECK(verified->is_allowed == allowed);
          CHECK(verified->patch == (allowed ? patch : ""));
          CHECK(verified->patch_type == (allowed && !patch.empty() ? "JSONPatch" : ""));
          CHECK(encode_answer(answer) == body);
          const json::Document document = parsed(body);
          CHECK(document.root()["response"]["uid"].text() == uid);
          CHECK(document.root()["apiVersion"].text() ==
                (version == Version::V1 ? "admission.k8s.io/v1" : "admission.k8s.io/v1beta1"));
        }
      }
    }
  }
}

TEST_CASE("answers look like this") {
  CHECK(encode_answer({.uid = "u"}) ==
        R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"u","allowed":true}})");

  CHECK(
      encode_answer({.version = Version::V1Beta1,
                     .uid = "u",
                     .patch = "[]",
                     .warnings = {"one", "two"},
                     .audit_annotations = {{"verdict", "mutated"}, {"policy", "p1"}},
                     // Of a denial, and this is none.
                     .code = 422,
                     .message = "no"}) ==
      R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1beta1","response":{"uid":"u","allowed":true,)"
      R"("patch":"W10=","patchType":"JSONPatch","auditAnnotations":{"verdict":"mutated","policy":"p1"},"warnings":["one","two"]}})");

  CHECK(
      encode_answer({.uid = "u",
                     .allowed = false,
                     .patch = "[]",
                     .warnings = {"w"},
                     .audit_annotations = {{"verdict", "rejected"}},
                     .code = 422,
                     .reason = "Invalid",
                     .message = "cpu: \"2x\" is no quantity",
                     .kind_name = "Job",
                     .object_name = "train",
                     .causes = {{"FieldValueInvalid", "metadata.annotations[plimsoll.dev/cpu]", "no quantity"}}}) ==
      R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"u","allowed":false,)"
      R"("status":{"status":"Failure","message":"cpu: \"2x\" is no quantity","reason":"Invalid","details":{"name":"train",)"
      R"("kind":"Job","causes":[{"reason":"FieldValueInvalid","message":"no quantity",)"
      R"("field":"metadata.annotations[plimsoll.dev/cpu]"}]},"code":422},)"
      R"("auditAnnotations":{"verdict":"rejected"},"warnings":["w"]}})");

  CHECK(encode_answer({.uid = "u", .allowed = false}) ==
        R"({"kind":"AdmissionReview","apiVersion":"admission.k8s.io/v1","response":{"uid":"u","allowed":false,)"
        R"("status":{"status":"Failure"}}})");
}

TEST_CASE("any bytes make a valid answer") {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) bytes += static_cast<char>(byte);
  const std::string body = encode_answer({.uid = bytes,
                                          .allowed = false,
                                          .warnings = {bytes},
                                          .audit_annotations = {{bytes, bytes}},
                                          .reason = bytes,
                                          .message = bytes,
                                          .kind_name = bytes,
                                          .object_name = bytes,
                                          .causes = {{bytes, bytes, bytes}}});
  const json::Document document = parsed(body);
  CHECK(document.root()["response"]["warnings"].size() == 1);
}

TEST_CASE("a patch of any length and any bytes arrives unchanged") {
  std::string patch;
  for (int length = 1; length < 300; ++length) {
    patch += static_cast<char>(length * 151 % 256);
    const auto verified = verify_as_api_server(Version::V1, "u", encode_answer({.uid = "u", .patch = patch}));
    REQUIRE(verified.has_value());
    REQUIRE(verified->patch == patch);
  }
  // RFC 4648, section 10.
  struct Case {
    const char *in, *want;
  };
  for (const Case& c : {Case{"f", "Zg=="},
                        {"fo", "Zm8="},
                        {"foo", "Zm9v"},
                        {"foob", "Zm9vYg=="},
                        {"fooba", "Zm9vYmE="},
                        {"foobar", "Zm9vYmFy"}}) {
    const json::Document document = parsed(encode_answer({.uid = "u", .patch = c.in}));
    CHECK(document.root()["response"]["patch"].text() == c.want);
  }
}

}  // namespace
}  // namespace plimsoll::admission
