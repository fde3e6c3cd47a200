#include "plimsoll/digest/digest.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace plimsoll::digest {
namespace {

TEST_CASE("SHA-256 gives the published digests") {
  // Source: the examples of FIPS 180-4 and NIST's byte-oriented test vectors.
  struct Case {
    std::string in, want;
  };
  const Case cases[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
      {std::string("\xbd", 1), "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
      {std::string(4, '\0'), "df3f619804a92fdb4057192dc43dd748ea778adc52bc498ce80524c014b81119"},
  };
  for (const Case& c : cases) {
    CHECK(sha256_hex(c.in) == c.want);
    CHECK(short_hash(c.in) == c.want.substr(0, 8));
  }
  CHECK(sha256("abc")[0] == 0xBA);
  CHECK(sha256("abc")[31] == 0xAD);
}

}  // namespace
}  // namespace plimsoll::digest
