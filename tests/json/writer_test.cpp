#include "plimsoll/json/writer.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "generated.hpp"

namespace plimsoll::json {
namespace {

TEST_CASE("the writer puts commas and quotes where they belong") {
  Writer writer;
  writer.begin_array();
  writer.begin_object().end_object();
  writer.begin_object()
      .member("a", 1)
      .member("b", "x")
      .key("c")
      .begin_array()
      .value(true)
      .null()
      .end_array()
      .end_object();
  writer.begin_array().end_array();
  writer.value(std::string_view(":")).value(std::string("{")).value("[,");
  writer.value(std::numeric_limits<std::int64_t>::min()).value(std::uint32_t{7}).value(false);
  writer.raw(R"({"r":[1]})");
  writer.end_array();
  CHECK(writer.text() ==
        R"([{},{"a":1,"b":"x","c":[true,null]},[],":","{","[,",-9223372036854775808,7,false,{"r":[1]}])");
  CHECK(std::move(writer).take().size() > 0);
}

TEST_CASE("the writer copies parsed values") {
  const auto document = Document::parse(R"( { "a" : [ 1 , "\u2028" ] } )");
  REQUIRE(document.has_value());
  Writer writer;
  writer.begin_object().member("copy", document->root()).member("missing", View()).end_object();
  CHECK(writer.text() == R"({"copy":{"a":[1,"\u2028"]},"missing":null})");
}

TEST_CASE("any bytes become a valid string literal") {
  struct Case {
    std::string_view in, want;
  };
  using namespace std::string_view_literals;
  const Case cases[] = {
      {"", R"("")"},
      {"plain", R"("plain")"},
      {"\"\\/", R"("\"\\/")"},
      {"\n\r\t\b\f\x1b\x7f", R"("\n\r\t\u0008\u000c\u001b\u007f")"},
      {"a\0b"sv, R"("a\u0000b")"},
      {"grüße \U0001F600", "\"grüße \U0001F600\""},
      {"\u2027\u2028\u2029\u202a", "\"\u2027\\u2028\\u2029\u202a\""},
      {"\xff", "\"\uFFFD\""},
      {"a\xc3", "\"a\uFFFD\""},
      {"\xc0\xaf", "\"\uFFFD\uFFFD\""},
      {"\xed\xa0\x80", "\"\uFFFD\uFFFD\uFFFD\""},
      {"\xe2\x82x", "\"\uFFFD\uFFFDx\""},
      {"<&>", "\"<&>\""},
  };
  for (const Case& c : cases) CHECK(to_json_string(c.in) == c.want);

  Generator generator(3);
  for (int i = 0; i < 20'000; ++i) {
    const std::string text = generator.text();
    const auto document = Document::parse(to_json_string(text));
    REQUIRE(document.has_value());
    REQUIRE(document->root().text() == text);

    std::string bytes;
    for (std::size_t n = generator.below(12); n > 0; --n) bytes += static_cast<char>(generator.below(256));
    REQUIRE(Document::parse(to_json_string(bytes)).has_value());
  }
}

TEST_CASE("pretty text is for people") {
  const auto document = Document::parse(R"({"a":[1,{"b":null}],"e":{},"f":[]})");
  REQUIRE(document.has_value());
  CHECK(write_pretty(document->root()) == R"({
  "a": [
    1,
    {
      "b": null
    }
  ],
  "e": {},
  "f": []
}
)");
  CHECK(write_pretty(View()) == "null\n");
  CHECK(write(View()) == "null");
}

}  // namespace
}  // namespace plimsoll::json
