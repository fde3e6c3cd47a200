#include "plimsoll/workload/marker.hpp"

#include <catch2/catch.hpp>

#include "plimsoll/json/builder.hpp"

namespace plimsoll::workload {
namespace {

// Slots with their values as JSON text.
Slots slots(std::initializer_list<std::pair<std::string_view, std::string_view>> texts) {
  static json::Builder values;
  Slots slots;
  for (const auto& [slot, text] : texts) {
    const auto value = json::Document::parse(std::string(text));
    REQUIRE(value);
    set_slot(slots, slot, values.copy(value->root()));
  }
  return slots;
}

bool is_marker(std::string_view text) {
  const auto document = parse_marker(text);
  return document && read_marker(document->root());
}

Marker full() {
  return {.policy = "p1",
          .estimate = "e1",
          .container = "main",
          .at = "2026-01-01T00:00:00Z",
          .deadline = "2026-01-01T06:00:00Z",
          .known = {"web"},
          .set = slots(
              {{"tolerations", R"([{"key":"a"}])"}, {"activeDeadlineSeconds", "900"}, {"main.requests.cpu", R"("2")"}}),
          .was = slots({{"main.requests.cpu", R"("1")"}})};
}

TEST_CASE("a marker is compact JSON with its slots in order") {
  CHECK(to_text(full()) == R"({"v":1,"policy":"p1","estimate":"e1","container":"main","at":"2026-01-01T00:00:00Z",)"
                           R"("deadline":"2026-01-01T06:00:00Z","known":["web"],"set":{"activeDeadlineSeconds":900,)"
                           R"("main.requests.cpu":"2","tolerations":[{"key":"a"}]},"was":{"main.requests.cpu":"1"}})");
  CHECK(to_text(Marker{}) == R"({"v":1,"policy":"","estimate":""})");
}

TEST_CASE("a marker is read back as it was written") {
  const Marker least{.set = slots({{"activeDeadlineSeconds", "900"}})};
  const Marker odd{.estimate = "quotes \" and \\ survive", .set = slots({{"a \"b\"", R"("c")"}})};
  for (const Marker& marker : {full(), least, odd}) {
    const auto document = parse_marker(to_text(marker));
    REQUIRE(document);
    CHECK(read_marker(document->root()) == marker);
  }
}

TEST_CASE("slots are found by their names, however they were ordered, and of two with one name the first") {
  const auto document = parse_marker(R"({"v":1,"set":{"b":1,"a":2,"b":3}})");
  REQUIRE(document);
  Slots found = read_marker(document->root())->set;
  CHECK(find_slot(found, "a").integer() == 2);
  CHECK(find_slot(found, "b").integer() == 1);
  CHECK_FALSE(find_slot(found, "c"));
  set_slot(found, "b", document->root()["v"]);
  CHECK(find_slot(found, "b") == document->root()["v"]);
}

TEST_CASE("what is no marker of this format is as if it were not there") {
  const std::string whole = to_text(full());
  for (const std::string_view text :
       {R"({"v":2,"estimate":"e1"})", R"({"v":"1","estimate":"e1"})", R"({"v":1.0,"estimate":"e1"})",
        R"({"estimate":"e1"})", R"({"v":1,"estimate":"e1"})", R"({"v":1,"set":{}})", R"({"v":1,"set":[]})", "[]",
        "null", "1", "", "v=1", R"({"v":1,"estimate":"e1"} trailing)"}) {
    INFO(text);
    CHECK_FALSE(is_marker(text));
  }
  for (std::size_t length = 0; length < whole.size(); ++length) {
    INFO(length);
    CHECK_FALSE(is_marker(std::string_view(whole).substr(0, length)));  // torn
  }
  CHECK_FALSE(is_marker(R"({"v":1,"policy":")" + std::string(kMarkerLimit, 'x') + "\"}"));
}

TEST_CASE("members of another type than the marker's are as if they were not there") {
  const auto document =
      parse_marker(R"({"v":1,"policy":7,"estimate":["e"],"known":["a",1,null],"set":{"s":1},"was":[1]})");
  REQUIRE(document);
  CHECK(read_marker(document->root()) == Marker{.known = {"a"}, .set = slots({{"s", "1"}})});
}

}  // namespace
}  // namespace plimsoll::workload
