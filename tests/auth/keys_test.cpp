#include "plimsoll/auth/keys.hpp"

#include <catch2/catch.hpp>

#include "tokens.hpp"

namespace plimsoll::auth {
namespace {

struct Given {
  KeyPtr rsa = make_rsa_key();
  KeyPtr short_rsa = make_rsa_key(1024);
  KeyPtr p256 = make_ec_key("P-256");
  KeyPtr p384 = make_ec_key("P-384");
  KeyPtr p521 = make_ec_key("P-521");
  KeyPtr k256 = make_ec_key("secp256k1");
  KeyPtr ed25519{EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), EVP_PKEY_free};
};

const Given& given() {
  static const Given keys;
  return keys;
}

std::string jwks(const std::string& keys) {
  return R"({"keys":[)" + keys + "]}";
}

TEST_CASE("a JWKS file and PEM give the same keys") {
  struct Case {
    KeyPtr key;
    Key::Type type;
  };
  const Case cases[] = {{given().rsa, Key::Type::Rsa},
                        {given().p256, Key::Type::P256},
                        {given().p384, Key::Type::P384},
                        {given().p521, Key::Type::P521}};
  for (const Case& c : cases) {
    const std::string pem = to_public_pem(c.key);
    INFO(pem);
    const Keys want{{Key{.id = "", .type = c.type, .algorithm = {}, .pem = pem}}, {}};
    CHECK(*parse_keys(pem, "k") == want);
    CHECK(*parse_keys(to_certificate_pem(c.key), "k") == want);
    CHECK(*parse_keys(jwks(to_jwk(c.key)), "k") == want);
    CHECK(*parse_keys("\n " + jwks(to_jwk(c.key, R"("use":"sig","key_ops":["verify"])")), "k") == want);
  }
  CHECK(parse_keys(to_pkcs1_pem(given().rsa), "k")->keys == parse_keys(to_public_pem(given().rsa), "k")->keys);
}

TEST_CASE("a key's id and its only algorithm are kept") {
  const auto keys = parse_keys(
      jwks(to_jwk(given().rsa, R"("kid":"a","alg":"RS384")") + "," + to_jwk(given().p256, R"("kid":"b")")), "k");
  REQUIRE(keys);
  REQUIRE(keys->keys.size() == 2);
  CHECK(keys->keys[0].id == "a");
  CHECK(keys->keys[0].fits(Algorithm::RS384));
  CHECK_FALSE(keys->keys[0].fits(Algorithm::RS256));
  CHECK(keys->keys[1].id == "b");
  CHECK(keys->keys[1].fits(Algorithm::ES256));
  CHECK_FALSE(keys->keys[1].fits(Algorithm::ES384));
  CHECK_FALSE(keys->keys[1].fits(Algorithm::RS256));
}

TEST_CASE("a PEM file may hold several keys, with words in between") {
  const auto keys =
      parse_keys("# this year's\n" + to_public_pem(given().rsa) + "# last year's\n" + to_public_pem(given().p256), "k");
  REQUIRE(keys);
  CHECK(keys->keys.size() == 2);
}

TEST_CASE("a key that cannot be used is left out with a note") {
  const std::string good = to_jwk(given().p256);
  const std::string x = read_number(given().p256, OSSL_PKEY_PARAM_EC_PUB_X, 32);
  struct Case {
    std::string key, want;
  };
  const std::vector<Case> cases{
      {R"({"kty":"oct","k":"c2VjcmV0"})", "is symmetric: whoever can check a signature could make one"},
      {R"({"kty":"OKP","crv":"Ed25519","x":"AAAA"})", R"(its "kty" "OKP" is neither "RSA" nor "EC")"},
      {R"({"kid":"a"})", R"(its "kty" "" is neither "RSA" nor "EC")"},
      {R"("text")", "is not an object"},
      {to_jwk(given().rsa, R"("use":"enc")"), R"(its "use" is "enc" and not "sig")"},
      {to_jwk(given().rsa, R"("use":1)"), R"(its "use" is "?" and not "sig")"},
      {to_jwk(given().rsa, R"("key_ops":["encrypt","wrapKey"])"), R"(its "key_ops" do not hold "verify")"},
      {to_jwk(given().rsa, R"("key_ops":[])"), R"(its "key_ops" do not hold "verify")"},
      {to_jwk(given().rsa, R"("alg":"HS256")"), R"(its "alg" "HS256" is not accepted, or not for a key of its type)"},
      {to_jwk(given().rsa, R"("alg":"PS256")"), R"(its "alg" "PS256" is not accepted, or not for a key of its type)"},
      {to_jwk(given().rsa, R"("alg":"ES256")"), R"(its "alg" "ES256" is not accepted, or not for a key of its type)"},
      {to_jwk(given().p256, R"("alg":"ES384")"), R"(its "alg" "ES384" is not accepted, or not for a key of its type)"},
      {to_jwk(given().rsa, R"("kid":7)"), R"(its "kid" is not a text)"},
      {to_jwk(given().rsa, R"("d":"AAAA")"), "it is a private key, which is nobody's business but the issuer's"},
      {to_jwk(given().short_rsa), "an RSA key of 1024 bits; from 2048 to 8192 are taken"},
      {R"({"kty":"RSA","n":"AQ","e":"AQAB"})", "an RSA key of 1 bits; from 2048 to 8192 are taken"},
      {R"({"kty":"RSA","n":")" + std::string(2000, 'A') + R"(","e":"AQAB"})", "an RSA key of more than 8192 bits"},
      {R"({"kty":"RSA","e":"AQAB"})", R"(its "n" is not base64url without padding)"},
      {R"({"kty":"RSA","n":"AQ==","e":"AQAB"})", R"(its "n" is not base64url without padding)"},
      {R"({"kty":"EC","crv":"secp256k1","x":"AQ","y":"AQ"})",
       R"(its curve "secp256k1" is none of P-256, P-384 and P-521)"},
      {R"({"kty":"EC","x":"AQ","y":"AQ"})", R"(its curve "" is none of P-256, P-384 and P-521)"},
      {R"({"kty":"EC","crv":"P-384","x":")" + x + R"(","y":")" + x + R"("})",
       "its coordinates do not have the size of the curve"},
      {R"({"kty":"EC","crv":"P-256","x":")" + x + R"(","y":")" + x + R"("})",
       "its numbers are no valid key"},  // off the curve
  };
  for (const Case& c : cases) {
    INFO(c.key);
    const auto beside = parse_keys(jwks(good + "," + c.key), "k");
    REQUIRE(beside);
    CHECK(beside->keys.size() == 1);
    REQUIRE(beside->notes.size() == 1);
    CHECK_THAT(beside->notes.front(), Catch::StartsWith("key 2") && Catch::EndsWith("is left out: " + c.want));

    const auto alone = parse_keys(jwks(c.key), "k");
    REQUIRE_FALSE(alone);
    CHECK_THAT(alone.error().message, Catch::StartsWith("holds no key that could be used") && Catch::EndsWith(c.want));
  }
}

TEST_CASE("of two keys that nothing tells apart the first counts") {
  const KeyPtr other = make_rsa_key();
  struct Case {
    std::string first, second;
    std::size_t want;
  };
  const Case cases[] = {
      {to_jwk(given().rsa, R"("kid":"a")"), to_jwk(other, R"("kid":"a")"), 1},
      {to_jwk(given().rsa, R"("kid":"a","alg":"RS256")"), to_jwk(other, R"("kid":"a")"), 1},
      {to_jwk(given().rsa, R"("kid":"a","alg":"RS256")"), to_jwk(other, R"("kid":"a","alg":"RS256")"), 1},
      {to_jwk(given().rsa, R"("kid":"a","alg":"RS256")"), to_jwk(other, R"("kid":"a","alg":"RS512")"), 2},
      {to_jwk(given().rsa, R"("kid":"a")"), to_jwk(given().p256, R"("kid":"a")"), 2},
      {to_jwk(given().rsa), to_jwk(other), 2},
  };
  for (const Case& c : cases) {
    INFO(c.second);
    const auto keys = parse_keys(jwks(c.first + "," + c.second), "k");
    REQUIRE(keys);
    CHECK(keys->keys.size() == c.want);
    CHECK(keys->keys.front().pem == to_public_pem(given().rsa));
    if (c.want == 1)
      CHECK_THAT(keys->notes.at(0), Catch::Contains(R"(key 2 ("a") is left out: the first of this "kid" counts)"));
  }
}

TEST_CASE("a file without a single key says what was expected") {
  struct Case {
    std::string in, want;
  };
  std::string many;
  for (int i = 0; i < 65; ++i) many += (i == 0 ? "" : ",") + to_jwk(given().p256);
  const Case cases[] = {
      {"", "holds no key that could be used; PEM is needed (a public key or a certificate), or JWKS"},
      {"secret", "holds no key that could be used; PEM is needed"},
      {"{", "is no JSON: "},
      {"[]", "is JSON, but no JWKS: the list \"keys\" is missing"},
      {to_jwk(given().rsa), "is JSON, but no JWKS: the list \"keys\" is missing"},
      {R"({"keys":{}})", "is JSON, but no JWKS: the list \"keys\" is missing"},
      {R"({"keys":[]})", "holds no key that could be used"},
      {jwks(many), "holds more than 64 keys"},
      {to_private_pem(given().rsa), "key 1 is left out: is a private key"},
      {to_public_pem(given().short_rsa), "key 1 is left out: an RSA key of 1024 bits"},
      {to_public_pem(given().k256), "key 1 is left out: neither an RSA key nor an EC key on P-256, P-384 or P-521"},
      {to_public_pem(given().ed25519), "key 1 is left out: neither an RSA key"},
      {"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "key 1 is left out: is malformed"},
      {"-----BEGIN DH PARAMETERS-----\nAAAA\n-----END DH PARAMETERS-----\n",
       R"(key 1 is left out: is a "DH PARAMETERS", neither a public key nor a certificate)"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    const auto keys = parse_keys(c.in, "keys.json");
    REQUIRE_FALSE(keys);
    CHECK_THAT(keys.error().message, Catch::Contains(c.want));
    CHECK(keys.error().where == "keys.json");
  }
}

}  // namespace
}  // namespace plimsoll::auth
