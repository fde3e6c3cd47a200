#include "plimsoll/base/base64.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace plimsoll {
namespace {

using namespace std::string_literals;

TEST_CASE("base64 goes both ways, whatever the length") {
  struct Case {
    std::string bytes, text;
  };
  // Source: RFC 4648, section 10; the last two have every odd bit set.
  const std::vector<Case> cases{{"", ""},
                                {"f", "Zg=="},
                                {"fo", "Zm8="},
                                {"foo", "Zm9v"},
                                {"foob", "Zm9vYg=="},
                                {"fooba", "Zm9vYmE="},
                                {"foobar", "Zm9vYmFy"},
                                {"\0\xFF"s, "AP8="},
                                {"\xFB\xEF\xBE\xFF\xFF\xFF", "++++////"}};
  for (const Case& c : cases) {
    CHECK(encode_base64(c.bytes) == c.text);
    CHECK(decode_base64(c.text) == c.bytes);
  }
}

TEST_CASE("what is no base64 gives nothing") {
  for (const std::string text : {"Z", "Zg", "Zg=", "Zm9v\n", "Zm9v====", "Zm-_", "Z===", "Zg==Zg=="}) {
    INFO(text);
    CHECK_FALSE(decode_base64(text).has_value());
  }
}

}  // namespace
}  // namespace plimsoll
