#include "base64url.hpp"

#include <catch2/catch.hpp>

namespace plimsoll::auth {
namespace {

TEST_CASE("base64url is decoded") {
  struct Case {
    std::string_view in, want;
  };
  // The first: RFC 7515, appendix C; the others: RFC 4648, section 10.
  const Case cases[] = {
      {"A-z_4ME", "\x03\xec\xff\xe0\xc1"},
      {"", ""},
      {"Zg", "f"},
      {"Zm8", "fo"},
      {"Zm9v", "foo"},
      {"Zm9vYg", "foob"},
      {"Zm9vYmE", "fooba"},
      {"Zm9vYmFy", "foobar"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(decode_base64url(c.in) == std::string(c.want));
  }
}

TEST_CASE("base64url has one spelling for each text") {
  for (const std::string_view in :
       {"A", "Zm9vA", "Zg==", "Zm8=", "Zh", "Zm9", "Zm 9v", "Zm9v\n", "A+z/4ME", "Zm9v.", "Zg\xff"}) {
    INFO(in);
    CHECK_FALSE(decode_base64url(in).has_value());
  }
}

}  // namespace
}  // namespace plimsoll::auth
