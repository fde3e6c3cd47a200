#include "plimsoll/base/text.hpp"

#include <array>
#include <catch2/catch.hpp>

namespace plimsoll {
namespace {

TEST_CASE("text that people typed is shown without its power to deceive") {
  struct Case {
    std::string_view in, want;
  };
  const Case cases[] = {
      {"plain", "plain"},
      {"grüße", "grüße"},
      {"a\x1b[31mred", "a\\u{1b}[31mred"},
      {"line\nbreak", "line\\u{a}break"},
      {"\u202Eevil", "\\u{202e}evil"},
      {"zero\u200Bwidth", "zero\\u{200b}width"},
      {"\xff\xfe", "\\xff\\xfe"},
      {"\xc0\xaf", "\\xc0\\xaf"},           // overlong '/'
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // a surrogate
      {"cut\xe2\x82", "cut\\xe2\\x82"},
  };
  for (const Case& c : cases) CHECK(to_display(c.in) == c.want);
  CHECK(to_display(std::string(65, 'x')) == std::string(64, 'x') + "…");
  CHECK(to_display(std::string(64, 'x')) == std::string(64, 'x'));
  CHECK(quoted("a") == "\"a\"");
}

TEST_CASE("the nearest name is found within the limit") {
  const std::array<std::string_view, 4> names = {"memory", "cpu", "gpu", "gpu-memory"};
  const auto is_within = [](std::string_view a, std::string_view b, std::size_t limit) {
    return nearest(a, std::array{b}, limit).has_value();
  };
  CHECK((is_within("kitten", "sitting", 3) && !is_within("kitten", "sitting", 2)));
  CHECK((is_within("ab", "ba", 1) && !is_within("ab", "ba", 0)));
  CHECK((is_within("", "abc", 3) && !is_within("", "abc", 2)));
  CHECK(nearest("memroy", names) == "memory");
  CHECK(nearest("cpus", names) == "cpu");
  CHECK(nearest("gpu_memory", names) == "gpu-memory");
  CHECK(nearest("duration", names) == std::nullopt);
  CHECK(nearest(std::string(100'000, 'm'), names) == std::nullopt);
}

TEST_CASE("globs match as in a shell, without blowing up") {
  struct Case {
    std::string_view pattern, text;
    bool want;
  };
  const Case cases[] = {
      {"ml-*", "ml-research", true},
      {"ml-*", "ml", false},
      {"*", "", true},
      {"", "", true},
      {"", "a", false},
      {"a?c", "abc", true},
      {"a?c", "ac", false},
      {"*-prod", "eu-prod", true},
      {"a*b*c", "aXbXbYc", true},
      {"a*b*c", "aXbXbY", false},
      {"research", "re", false},
      {"a*b", "a*b", true},
      {"**", "x", true},
  };
  for (const Case& c : cases) {
    INFO(c.pattern << " ~ " << c.text);
    CHECK(matches_glob(c.pattern, c.text) == c.want);
  }
  CHECK_FALSE(matches_glob("*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

}  // namespace
}  // namespace plimsoll
