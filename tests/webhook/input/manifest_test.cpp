#include "webhook/input/manifest.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace plimsoll::webhook;

TEST_CASE("each document and each item of a List is one object") {
  const auto manifests = read_manifests("f", R"(# only a comment
---
{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a", "namespace": "n"}}
---
apiVersion: v1
kind: List
items:
- {apiVersion: batch/v1, kind: Job, metadata: {generateName: b-}}
- apiVersion: batch/v1
  kind: JobList
  items:
  - {metadata: {name: c}}
---
apiVersion: v1
kind: List
items:
---
apiVersion: example.com/v1
kind: AllowList
spec: {}
)");
  REQUIRE(manifests);
  REQUIRE(manifests->size() == 4);

  REQUIRE((*manifests)[0].objects.size() == 1);
  CHECK_FALSE((*manifests)[0].is_list);
  CHECK((*manifests)[0].objects[0].name == "a");
  CHECK((*manifests)[0].objects[0].name_space == "n");

  REQUIRE((*manifests)[1].objects.size() == 2);
  CHECK((*manifests)[1].is_list);
  CHECK((*manifests)[1].objects[0].at.text() == "/items/0");
  CHECK((*manifests)[1].objects[0].name == "b-");
  const Object& nested = (*manifests)[1].objects[1];
  CHECK(nested.at.text() == "/items/1/items/0");
  CHECK(nested.json == R"({"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"c"}})");

  CHECK((*manifests)[2].is_list);
  CHECK((*manifests)[2].objects.empty());
  CHECK_FALSE((*manifests)[3].is_list);
  CHECK((*manifests)[3].objects[0].kind == "AllowList");
}

TEST_CASE("what is no object is refused where it stands") {
  struct Case {
    std::string text;
    std::string where;
    std::string message;
  };
  const std::vector<Case> cases = {
      {"kind: Pod\nkind: Job\n", "2:1", ""},
      {"apiVersion: v1\nmetadata: {}\n", "1:1", "the object has no kind, such as Job"},
      {"kind: Pod\n", "1:1", "the object has no apiVersion, such as batch/v1"},
      {"kind: 1\napiVersion: v1\n", "1:1", "the object has no kind, such as Job"},
      {"- a\n", "1:1", "is no Kubernetes object: it must be a map with apiVersion and kind"},
      {"apiVersion: v1\nkind: List\nitems:\n- text\n", "4:3",
       "is no Kubernetes object: it must be a map with apiVersion and kind"},
      {"apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1}\n", "4:3", "the object has no kind, such as Job"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.text);
    const auto manifests = read_manifests("f", c.text);
    REQUIRE_FALSE(manifests);
    CHECK(manifests.error().where == c.where);
    if (!c.message.empty()) CHECK(manifests.error().message == c.message);
  }
}

TEST_CASE("a field path is found in the text, or its nearest ancestor") {
  const auto manifests = read_manifests("f", R"(apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata:
    annotations:
      a.example/b: x
  spec:
    containers:
    - name: main
)");
  REQUIRE(manifests);
  const Manifest& manifest = manifests->front();
  const Object& object = manifest.objects.front();
  struct Case {
    std::string path;
    plimsoll::yaml::Mark want;
  };
  const std::vector<Case> cases = {
      {"", {4, 3}},
      {"metadata.annotations[a.example/b]", {8, 20}},
      {"metadata.annotations[a.example/b][main][memory]", {8, 20}},
      {"metadata.annotations[absent]", {8, 7}},
      {"spec.containers[0].name", {11, 13}},
      {"spec.containersX", {10, 5}},
  };
  for (const Case& c : cases) {
    CAPTURE(c.path);
    const plimsoll::yaml::Mark mark = find_mark(manifest, object, c.path);
    CHECK(mark.line == c.want.line);
    CHECK(mark.column == c.want.column);
  }
}

TEST_CASE("annotation values that are no strings are found as they are written") {
  const auto manifests = read_manifests("f", R"(apiVersion: batch/v1
kind: CronJob
metadata: {annotations: {a: yes, quoted: "1", empty: }}
spec:
  jobTemplate:
    metadata: {annotations: {b: 1.50}}
    spec:
      template:
        metadata: {annotations: {c: [x]}}
)");
  REQUIRE(manifests);
  const auto bare = find_bare_annotations(manifests->front(), manifests->front().objects.front());
  REQUIRE(bare.size() == 3);
  CHECK(bare[0].field_path == "metadata.annotations.a");
  CHECK(bare[0].text == "yes");
  CHECK(bare[1].field_path == "spec.jobTemplate.metadata.annotations.b");
  CHECK(bare[1].text == "1.50");
  CHECK(bare[2].field_path == "spec.jobTemplate.spec.template.metadata.annotations.c");
  CHECK(bare[2].text.empty());
}
