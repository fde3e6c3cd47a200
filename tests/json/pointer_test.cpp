#include "plimsoll/json/pointer.hpp"

#include <catch2/catch.hpp>

namespace plimsoll::json {
namespace {

TEST_CASE("a pointer is built step by step, and its tokens are the steps") {
  struct Case {
    std::vector<std::string> steps;
    const char *text, *field;
  };
  const Case cases[] = {
      {{}, "", ""},
      {{"spec"}, "/spec", "spec"},
      {{""}, "/", "[]"},
      {{"metadata", "annotations", "plimsoll.dev/cpu"},
       "/metadata/annotations/plimsoll.dev~1cpu",
       "metadata.annotations[plimsoll.dev/cpu]"},
      {{"a~1", "~", "/", "~0"}, "/a~01/~0/~1/~00", "[a~1][~][/][~0]"},
      {{"spec", "containers", "0", "resources", "limits", "nvidia.com/gpu"},
       "/spec/containers/0/resources/limits/nvidia.com~1gpu",
       "spec.containers[0].resources.limits[nvidia.com/gpu]"},
      {{"0", "name_x-y"}, "/0/name_x-y", "[0].name_x-y"},
      {{"ümlaut"}, "/ümlaut", "[ümlaut]"},
  };
  for (const Case& c : cases) {
    Pointer pointer;
    for (const std::string& step : c.steps) pointer = pointer / step;
    CHECK(pointer.text() == c.text);
    CHECK(pointer.tokens() == c.steps);
    CHECK(to_field_path(pointer) == c.field);
    CHECK(pointer == Pointer(c.text));
  }
  CHECK((Pointer("/a") / 0 / std::size_t{17}).text() == "/a/0/17");
  CHECK(Pointer("/a") < Pointer("/b"));
}

TEST_CASE("a tilde that escapes nothing stands for itself") {
  CHECK(Pointer("/~2/x~").tokens() == std::vector<std::string>{"~2", "x~"});
  CHECK(Pointer("/~01/~10").tokens() == std::vector<std::string>{"~1", "/0"});
}

}  // namespace
}  // namespace plimsoll::json
