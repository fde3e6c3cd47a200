#include "plimsoll/json/builder.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace plimsoll::json {
namespace {

TEST_CASE("values are made from the inside out") {
  Builder builder;
  const View inner = builder.array({builder.text("a \"quoted\" text"), builder.integer(-7), builder.object({})});
  const View outer = builder.object({{"b", inner}, {"left out", View()}, {"a", inner}});
  CHECK(write(outer) == R"({"b":["a \"quoted\" text",-7,{}],"a":["a \"quoted\" text",-7,{}]})");
  CHECK(write(builder.array({})) == "[]");
  CHECK(write(builder.array({builder.boolean(true), builder.boolean(false)})) == "[true,false]");
}

TEST_CASE("texts and keys may go before the builder, and values stay where they are when it moves") {
  Builder builder;
  View object;
  {
    const std::string key(100, 'k');
    const std::string content(5000, 'c');
    object = builder.object({{key, builder.text(content)}});
  }
  const Builder moved = std::move(builder);
  CHECK(object[std::string(100, 'k')].text() == std::string(5000, 'c'));
}

TEST_CASE("a copy is the same value without its document") {
  constexpr std::string_view kText =
      R"({"o":{"k":null,"t":true},"a":[1,2.5,18446744073709551615,"text that is long enough"]})";
  Builder builder;
  View copied;
  {
    const auto document = Document::parse(std::string(kText));
    REQUIRE(document.has_value());
    copied = builder.copy(document->root());
  }
  CHECK(write(copied) == kText);
  CHECK_FALSE(builder.copy(View()));
}

}  // namespace
}  // namespace plimsoll::json
