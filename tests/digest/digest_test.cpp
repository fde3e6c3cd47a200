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
}

TEST_CASE("HMAC-SHA-256 gives the published codes") {
  // Source: RFC 4231, test cases 1, 2 and 6.
  CHECK(hmac_sha256_hex(std::string(20, '\x0b'), "Hi There") ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(hmac_sha256_hex("Jefe", "what do ya want for nothing?") ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(hmac_sha256_hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First") ==
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

}  // namespace
}  // namespace plimsoll::digest
