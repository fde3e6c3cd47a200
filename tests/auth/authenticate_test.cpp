#include "plimsoll/auth/authenticate.hpp"

#include <catch2/catch.hpp>

#include "tokens.hpp"

namespace plimsoll::auth {
namespace {

// 2026-01-01T00:00:00Z
constexpr TimePoint kNow{std::chrono::seconds{1767225600}};
const std::string kClaims = R"({"iss":"https://issuer","aud":"plimsoll","sub":"kube-apiserver","exp":1767225660})";

struct Given {
  KeyPtr rsa = make_rsa_key();
  KeyPtr p256 = make_ec_key("P-256");
  KeyPtr p384 = make_ec_key("P-384");
  KeyPtr p521 = make_ec_key("P-521");
  KeyPtr stranger = make_rsa_key();
  KeyPtr ec_stranger = make_ec_key("P-256");
  Keys keys = *parse_keys(R"({"keys":[)" + to_jwk(rsa, R"("kid":"r")") + "," + to_jwk(p256, R"("kid":"e2")") + "," +
                              to_jwk(p384, R"("kid":"e3")") + "," + to_jwk(p521, R"("kid":"e5")") + "]}",
                          "jwks");
  Keys pem = *parse_keys(to_public_pem(rsa) + to_public_pem(p256), "pem");
};

const Given& given() {
  static const Given keys;
  return keys;
}

Config token_config(Demand demand = Demand::Required) {
  return {.token = demand, .issuer = "https://issuer", .audience = "plimsoll", .leeway = std::chrono::seconds{10}};
}

/// The caller's name, or the cause of the refusal.
std::string judge(std::string_view token, const Keys& keys = given().keys) {
  const auto caller = authenticate(nullptr, "Bearer " + std::string(token), keys, token_config(), kNow);
  return caller ? caller->name : std::string(to_text(caller.error().cause));
}

TEST_CASE("each accepted algorithm is checked with its key") {
  struct Case {
    std::string algorithm, id;
    KeyPtr key;
    const EVP_MD* hash;
  };
  const Case cases[] = {
      {"RS256", "r", given().rsa, EVP_sha256()},   {"RS384", "r", given().rsa, EVP_sha384()},
      {"RS512", "r", given().rsa, EVP_sha512()},   {"ES256", "e2", given().p256, EVP_sha256()},
      {"ES384", "e3", given().p384, EVP_sha384()}, {"ES512", "e5", given().p521, EVP_sha512()},
  };
  for (const Case& c : cases) {
    INFO(c.algorithm);
    const std::string named = R"({"alg":")" + c.algorithm + R"(","kid":")" + c.id + R"("})";
    CHECK(judge(make_token(c.key, named, kClaims, c.hash)) == "kube-apiserver");
    CHECK(judge(make_token(c.key, R"({"typ":"JWT","alg":")" + c.algorithm + R"("})", kClaims, c.hash)) ==
          "kube-apiserver");

    std::string broken = make_token(c.key, named, kClaims, c.hash);
    char& last_but_some = broken[broken.size() - 20];
    last_but_some = last_but_some == 'A' ? 'B' : 'A';
    CHECK(judge(broken) == "signature_wrong");
  }
}

TEST_CASE("a token is believed for its signature, by the key that it may name") {
  const std::string kRs = R"({"alg":"RS256"})";
  struct Case {
    std::string_view what;
    std::string token;
    std::string jwks, pem;  // what becomes of it under keys with ids and under keys without
  };
  const std::vector<Case> cases{
      {"no kid", make_token(given().rsa, kRs, kClaims), "kube-apiserver", "kube-apiserver"},
      {"a kid", make_token(given().rsa, R"({"alg":"RS256","kid":"r"})", kClaims), "kube-apiserver", "kube-apiserver"},
      {"an unknown kid", make_token(given().rsa, R"({"alg":"RS256","kid":"x"})", kClaims), "key_unknown",
       "kube-apiserver"},
      {"another key's kid", make_token(given().rsa, R"({"alg":"RS256","kid":"e2"})", kClaims), "key_unknown",
       "kube-apiserver"},
      {"a stranger's key", make_token(given().stranger, kRs, kClaims), "signature_wrong", "signature_wrong"},
      {"a stranger's key under a known id", make_token(given().stranger, R"({"alg":"RS256","kid":"r"})", kClaims),
       "signature_wrong", "signature_wrong"},
      {"a curve without a key", make_token(given().p384, R"({"alg":"ES384"})", kClaims, EVP_sha384()), "kube-apiserver",
       "key_unknown"},
  };
  for (const Case& c : cases) {
    INFO(c.what);
    CHECK(judge(c.token) == c.jwks);
    CHECK(judge(c.token, given().pem) == c.pem);
  }
}

// The attacks of RFC 8725, section 2, and of the literature since, each as a token.
TEST_CASE("a forged or misused token is refused") {
  const KeyPtr& rsa = given().rsa;
  const std::string rs = R"({"alg":"RS256","kid":"r"})";
  const std::string good = make_token(rsa, rs, kClaims);
  const std::string text = to_signed_text(rs, kClaims);
  const auto with_header = [&](const std::string& header) { return make_token(rsa, header, kClaims); };
  const auto with_claims = [&](const std::string& claims) { return make_token(rsa, rs, claims); };
  const auto with_secret = [&](const std::string& header, const std::string& secret, const EVP_MD* hash) {
    const std::string signed_text = to_signed_text(header, kClaims);
    return signed_text + "." + to_base64url(sign_with_secret(secret, hash, signed_text));
  };
  const auto unsigned_token = [&](const std::string& header) { return to_signed_text(header, kClaims) + "."; };
  const std::string es_text = to_signed_text(R"({"alg":"ES256"})", kClaims);
  const std::string es_good = make_token(given().p256, R"({"alg":"ES256"})", kClaims);
  const auto with_es_signature = [&](const std::string& bytes) { return es_text + "." + to_base64url(bytes); };
  const std::string order_of_p256(
      "\xff\xff\xff\xff\x00\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff\xbc\xe6\xfa\xad\xa7\x17\x9e\x84\xf3\xb9\xca\xc2"
      "\xfc\x63\x25\x51",
      32);
  const std::string one = std::string(31, '\0') + '\x01';

  struct Case {
    std::string_view what;
    std::string token, want;
  };
  const std::vector<Case> cases{
      // Signatures that are none (RFC 8725, 2.1).
      {"alg none", unsigned_token(R"({"alg":"none"})"), "signature_wrong"},
      {"alg none, signed", with_header(R"({"alg":"none"})"), "token_unsupported"},
      {"alg None", with_header(R"({"alg":"None"})"), "token_unsupported"},
      {"alg nOnE", with_header(R"({"alg":"nOnE"})"), "token_unsupported"},
      {"alg of nothing", with_header(R"({"alg":""})"), "token_unsupported"},
      {"alg null", with_header(R"({"alg":null})"), "token_unsupported"},
      {"alg is a list", with_header(R"({"alg":["RS256"]})"), "token_unsupported"},
      {"alg is missing", with_header(R"({"kid":"r"})"), "token_unsupported"},
      {"alg in lower case", with_header(R"({"alg":"rs256"})"), "token_unsupported"},
      {"alg with a blank", with_header(R"({"alg":"RS256 "})"), "token_unsupported"},
      {"alg cut off by NUL", with_header(R"({"alg":"RS256\u0000"})"), "token_unsupported"},
      {"the signature is taken away", text + ".", "signature_wrong"},
      {"the signature and its dot are taken away", text, "token_malformed"},
      {"a signature of one byte", text + ".AA", "signature_wrong"},
      {"a signature cut short", text + "." + to_base64url(sign(rsa, EVP_sha256(), text).substr(0, 255)),
       "signature_wrong"},
      {"a signature with more behind it", good + "AAAA", "signature_wrong"},
      {"the claims are exchanged",
       to_base64url(rs) + "." + to_base64url(R"({"sub":"admin"})") + good.substr(good.rfind('.')), "signature_wrong"},

      // Algorithm confusion: what all may know becomes a secret (RFC 8725, 2.1).
      {"HS256 with the RSA key's PEM", with_secret(R"({"alg":"HS256","kid":"r"})", to_public_pem(rsa), EVP_sha256()),
       "token_unsupported"},
      {"HS384 with the RSA key's PEM", with_secret(R"({"alg":"HS384"})", to_public_pem(rsa), EVP_sha384()),
       "token_unsupported"},
      {"HS512 with the RSA key's PEM", with_secret(R"({"alg":"HS512"})", to_public_pem(rsa), EVP_sha512()),
       "token_unsupported"},
      {"HS256 with the RSA key's JWK", with_secret(R"({"alg":"HS256"})", to_jwk(rsa), EVP_sha256()),
       "token_unsupported"},
      {"HS256 with the EC key's PEM",
       with_secret(R"({"alg":"HS256","kid":"e2"})", to_public_pem(given().p256), EVP_sha256()), "token_unsupported"},
      {"HS256 with an empty secret", with_secret(R"({"alg":"HS256"})", "", EVP_sha256()), "token_unsupported"},
      {"an HMAC called RS256", with_secret(rs, to_public_pem(rsa), EVP_sha256()), "signature_wrong"},
      {"an RSA signature called ES256", with_header(R"({"alg":"ES256"})"), "signature_wrong"},
      {"an EC signature called RS256", make_token(given().p256, rs, kClaims), "signature_wrong"},
      {"PS256", with_header(R"({"alg":"PS256"})"), "token_unsupported"},
      {"EdDSA", with_header(R"({"alg":"EdDSA"})"), "token_unsupported"},
      {"ES256K", with_header(R"({"alg":"ES256K"})"), "token_unsupported"},
      {"an encryption's algorithm", with_header(R"({"alg":"RSA-OAEP"})"), "token_unsupported"},
      {"RS256 signed with SHA-512", make_token(rsa, rs, kClaims, EVP_sha512()), "signature_wrong"},
      {"RS256 signed with SHA-1", make_token(rsa, rs, kClaims, EVP_sha1()), "signature_wrong"},
      {"ES384 by the key on P-256", make_token(given().p256, R"({"alg":"ES384","kid":"e2"})", kClaims, EVP_sha384()),
       "key_unknown"},

      // Signatures that fit all (RFC 8725, 2.6; CVE-2022-21449).
      {"r and s are zero", with_es_signature(std::string(64, '\0')), "signature_wrong"},
      {"r and s are one", with_es_signature(one + one), "signature_wrong"},
      {"r and s are the group's order", with_es_signature(order_of_p256 + order_of_p256), "signature_wrong"},
      {"s is zero", with_es_signature(one + std::string(32, '\0')), "signature_wrong"},
      {"an ECDSA signature in DER", with_es_signature(sign_plainly(given().p256, EVP_sha256(), es_text)),
       "signature_wrong"},
      {"an ECDSA signature padded to another curve", with_es_signature(std::string(96, '\0')), "signature_wrong"},
      {"an RSA signature of zeros", text + "." + to_base64url(std::string(256, '\0')), "signature_wrong"},

      // The attacker brings the key (RFC 8725, 3.10; CVE-2018-0114).
      {"jwk in the header",
       make_token(given().stranger, R"({"alg":"RS256","jwk":)" + to_jwk(given().stranger) + "}", kClaims),
       "signature_wrong"},
      {"jku in the header", make_token(given().stranger, R"({"alg":"RS256","jku":"https://evil/jwks"})", kClaims),
       "signature_wrong"},
      {"x5u in the header", make_token(given().stranger, R"({"alg":"RS256","x5u":"https://evil/cert"})", kClaims),
       "signature_wrong"},
      {"x5c in the header", make_token(given().stranger, R"({"alg":"RS256","x5c":["AAAA"]})", kClaims),
       "signature_wrong"},
      {"a kid that is a path", make_token(given().stranger, R"({"alg":"RS256","kid":"../../dev/null"})", kClaims),
       "key_unknown"},
      {"a kid that is SQL", make_token(given().stranger, R"({"alg":"RS256","kid":"' UNION SELECT 'key"})", kClaims),
       "key_unknown"},
      {"a kid that is no text", with_header(R"({"alg":"RS256","kid":["r"]})"), "token_malformed"},
      {"a kid that is null", with_header(R"({"alg":"RS256","kid":null})"), "token_malformed"},

      // Extensions and wrappings that are not understood.
      {"crit", with_header(R"({"alg":"RS256","crit":["exp"],"exp":1})"), "token_unsupported"},
      {"an empty crit", with_header(R"({"alg":"RS256","crit":[]})"), "token_unsupported"},
      {"b64", with_header(R"({"alg":"RS256","b64":false})"), "token_unsupported"},
      {"b64, said to be critical", with_header(R"({"alg":"RS256","b64":false,"crit":["b64"]})"), "token_unsupported"},
      {"zip", with_header(R"({"alg":"RS256","zip":"DEF"})"), "token_unsupported"},
      {"enc", with_header(R"({"alg":"RS256","enc":"A256GCM"})"), "token_unsupported"},
      {"a token in a token", make_token(rsa, R"({"alg":"RS256","cty":"JWT"})", good), "token_unsupported"},
      {"a token in a token that does not say so", with_claims(good), "token_malformed"},
      {"an encrypted token", "a.b.c.d.e", "token_unsupported"},
      {"a logout token", with_header(R"({"alg":"RS256","typ":"logout+jwt"})"), "token_unsupported"},
      {"a proof of possession", with_header(R"({"alg":"RS256","typ":"dpop+jwt"})"), "token_unsupported"},
      {"a typ that is no text", with_header(R"({"alg":"RS256","typ":{}})"), "token_unsupported"},

      // Two readers, two meanings.
      {"alg twice", with_header(R"({"alg":"RS256","alg":"none"})"), "token_malformed"},
      {"a claim twice", with_claims(R"({"iss":"https://issuer","aud":"plimsoll","exp":1,"exp":1767225660})"),
       "token_malformed"},
      {"padding", to_base64url(rs) + "=." + good.substr(good.find('.') + 1), "token_malformed"},
      {"padding of the signature", good + "==", "token_malformed"},
      {"the other alphabet", text + ".++//", "token_malformed"},
      {"unused bits are set", text + ".AB", "token_malformed"},
      {"a blank inside", text + ". AAA", "token_malformed"},
      {"bytes behind the header's JSON", with_header(R"({"alg":"RS256"}{"alg":"none"})"), "token_malformed"},
      {"a header that is no object", with_header(R"(["RS256"])"), "token_malformed"},
      {"claims that are no object", with_claims(R"("admin")"), "token_malformed"},
      {"a header in UTF-16", with_header(std::string("{\0\"\0a\0", 6)), "token_malformed"},
      {"nothing", "", "token_malformed"},
      {"dots", "..", "token_malformed"},
      {"more dots", "....", "token_unsupported"},
      {"four parts", "a.b.c.d", "token_malformed"},
      {"an oversized token", with_claims(R"({"x":")" + std::string(8000, 'x') + "\"}"), "token_malformed"},
      {"a header 2,000 levels deep", to_base64url(std::string(2000, '[')) + ".AAAA.AAAA", "token_malformed"},
      {"two tokens", good + "," + good, "token_unsupported"},
  };
  CHECK(judge(good) == "kube-apiserver");
  CHECK(judge(es_good) == "kube-apiserver");
  for (const Case& c : cases) {
    INFO(c.what);
    CHECK(judge(c.token) == c.want);
  }
}

TEST_CASE("claims have to be there, of the right type, ours and of now") {
  struct Case {
    std::string claims, want;
  };
  const auto with = [](std::string_view others) {
    return R"({"iss":"https://issuer","aud":"plimsoll","sub":"ada",)" + std::string(others) + "}";
  };
  const std::vector<Case> cases{
      {with(R"("exp":1767225660)"), "ada"},
      {with(R"("exp":1767225591)"), "ada"},            // expired 9 s ago, under a leeway of 10
      {with(R"("exp":1767225590)"), "token_expired"},  // the end is not part of the time
      {with(R"("exp":1767225590.5)"), "ada"},
      {with(R"("exp":1.76722566e9)"), "ada"},
      {with(R"("exp":0)"), "token_expired"},
      {with(R"("exp":-1)"), "token_expired"},
      {with(R"("exp":-1e300)"), "token_expired"},
      {with(R"("exp":1e300)"), "ada"},
      {with(R"("exp":1767225660000)"), "ada"},  // milliseconds by mistake: the issuer's to mend
      {with(R"("exp":"1767225660")"), "token_malformed"},
      {with(R"("exp":null)"), "token_malformed"},
      {with(R"("exp":true)"), "token_malformed"},
      {with(R"("exp":[1767225660])"), "token_malformed"},
      {with(R"("x":1)"), "token_malformed"},  // no exp
      {with(R"("exp":1767225660,"nbf":1767225600)"), "ada"},
      {with(R"("exp":1767225660,"nbf":1767225610)"), "ada"},
      {with(R"("exp":1767225660,"nbf":1767225611)"), "token_not_yet_valid"},
      {with(R"("exp":1767225660,"nbf":"soon")"), "token_malformed"},
      {with(R"("exp":1767225660,"iat":1767225610)"), "ada"},
      {with(R"("exp":1767225660,"iat":1767225611)"), "token_not_yet_valid"},
      {with(R"("exp":1767225660,"iat":{})"), "token_malformed"},
      {R"({"iss":"https://issuer","aud":"plimsoll","exp":1767225660})", "https://issuer"},  // no sub
      {R"({"iss":"https://issuer","aud":"plimsoll","exp":1767225660,"sub":7})", "token_malformed"},
      {R"({"aud":"plimsoll","exp":1767225660})", "issuer_wrong"},
      {R"({"iss":"","aud":"plimsoll","exp":1767225660})", "issuer_wrong"},
      {R"({"iss":"https://issuer/","aud":"plimsoll","exp":1767225660})", "issuer_wrong"},
      {R"({"iss":"HTTPS://ISSUER","aud":"plimsoll","exp":1767225660})", "issuer_wrong"},
      {R"({"iss":"https://issuer.evil","aud":"plimsoll","exp":1767225660})", "issuer_wrong"},
      {R"({"iss":["https://issuer"],"aud":"plimsoll","exp":1767225660})", "issuer_wrong"},
      {R"({"iss":"https://issuer","exp":1767225660})", "audience_wrong"},
      {R"({"iss":"https://issuer","aud":"plimsol","exp":1767225660})", "audience_wrong"},
      {R"({"iss":"https://issuer","aud":"other","exp":1767225660})", "audience_wrong"},
      {R"({"iss":"https://issuer","aud":[],"exp":1767225660})", "audience_wrong"},
      {R"({"iss":"https://issuer","aud":["other","plimsoll"],"exp":1767225660,"sub":"ada"})", "ada"},
      {R"({"iss":"https://issuer","aud":["other"],"exp":1767225660})", "audience_wrong"},
      {R"({"iss":"https://issuer","aud":["plimsoll",1],"exp":1767225660})", "audience_wrong"},
      {R"({"iss":"https://issuer","aud":{"plimsoll":1},"exp":1767225660})", "audience_wrong"},
      {R"({"iss":"https://issuer","aud":null,"exp":1767225660})", "audience_wrong"},
  };
  for (const Case& c : cases) {
    INFO(c.claims);
    CHECK(judge(make_token(given().rsa, R"({"alg":"RS256"})", c.claims)) == c.want);
  }
}

TEST_CASE("a refusal names the claim and what was expected, and never the token") {
  struct Case {
    std::string header, claims, want;
  };
  const std::string rs = R"({"alg":"RS256"})";
  const Case cases[] = {
      {rs, R"({"iss":"https://issuer","aud":"plimsoll","exp":1767225000})",
       R"(the token has expired: its "exp" is 2025-12-31T23:50:00Z, and it is 2026-01-01T00:00:00Z)"},
      {rs, R"({"iss":"https://issuer","aud":"plimsoll","exp":1e18,"nbf":1e17})",
       R"(the token is not valid yet: its "nbf" is 1e+17, and it is 2026-01-01T00:00:00Z)"},
      {rs, R"({"iss":"https://evil","aud":"plimsoll","exp":1767225660})",
       R"(the token has the wrong "iss": it is "https://evil", "https://issuer" is expected)"},
      {rs, R"({"iss":"https://issuer","aud":["a","b"],"exp":1767225660})",
       R"(the token is for somebody else: its "aud" is ["a","b"], "plimsoll" is expected)"},
      {rs, R"({"iss":"https://issuer","exp":1767225660})",
       R"(the token is for somebody else: its "aud" is missing, "plimsoll" is expected)"},
      {rs, R"({"iss":"https://issuer","aud":"plimsoll"})",
       R"(the token has no "exp": one that never expires is not accepted)"},
      {R"({"alg":"HS256"})", "{}",
       R"(the token has the "alg" "HS256"; RS256, RS384, RS512, ES256, ES384 and ES512 are accepted)"},
      {R"({"alg":"RS256","kid":"old\u001b[31m"})", "{}",
       R"(the token has the "kid" "old\u{1b}[31m", of which there is no key for its "alg")"},
  };
  for (const Case& c : cases) {
    const std::string token = make_token(given().rsa, c.header, c.claims);
    const auto caller = authenticate(nullptr, "Bearer " + token, given().keys, token_config(), kNow);
    REQUIRE_FALSE(caller);
    CHECK(caller.error().message == c.want);
    for (std::size_t start = 0; start < token.size(); start = token.find('.', start) + 1) {
      CHECK_THAT(caller.error().message, !Catch::Contains(token.substr(start, 8)));
      if (token.find('.', start) == std::string::npos) break;
    }
  }
}

TEST_CASE("what is optional may be missing, but not wrong; what is off is not looked at") {
  const std::string good = "Bearer " + make_token(given().p256, R"({"alg":"ES256"})", kClaims);
  struct Case {
    Demand demand;
    std::string authorization, want;
  };
  const Case cases[] = {
      {Demand::Off, "", ""},
      {Demand::Off, good, ""},
      {Demand::Off, "Bearer nonsense", ""},
      {Demand::Optional, "", ""},
      {Demand::Optional, good, "kube-apiserver"},
      {Demand::Optional, "Bearer nonsense", "token_malformed"},
      {Demand::Optional, "Basic YTpi", "token_malformed"},
      {Demand::Optional, " ", "token_malformed"},
      {Demand::Required, "", "no_token"},
      {Demand::Required, good, "kube-apiserver"},
      {Demand::Required, "bEaReR   " + good.substr(7), "kube-apiserver"},
      {Demand::Required, "Bearer", "token_malformed"},
      {Demand::Required, "Bearer ", "token_malformed"},
      {Demand::Required, good.substr(7), "token_malformed"},
      {Demand::Required, "Bearer\t" + good.substr(7), "token_malformed"},
      {Demand::Required, "Basic YTpi", "token_malformed"},
  };
  for (const Case& c : cases) {
    INFO(c.authorization);
    const auto caller = authenticate(nullptr, c.authorization, given().keys, token_config(c.demand), kNow);
    CHECK((caller ? caller->name : std::string(to_text(caller.error().cause))) == c.want);
    if (!caller) CHECK(is_about_token(caller.error().cause));
  }
}

TEST_CASE("a client certificate counts by its names, while it is valid") {
  const TimePoint later = kNow + std::chrono::hours{1};
  const tls::Peer api_server{
      "kube-apiserver", {"system:masters"}, {"api.example.com"}, {"spiffe://cluster/api"}, later};
  const tls::Peer nameless{"", {"system:masters"}, {}, {}, later};
  const tls::Peer by_dns{"", {}, {"a.example.com", "b.example.com"}, {}, later};
  const tls::Peer cut{std::string("kube-apiserver\0.evil", 20), {}, {}, {}, later};
  const tls::Peer expired{"kube-apiserver", {}, {}, {}, kNow - std::chrono::milliseconds{1}};
  using Names = std::vector<std::string>;
  struct Case {
    Demand demand;
    const tls::Peer* certificate;
    Names names;
    std::string want;
  };
  const Case cases[] = {
      {Demand::Off, nullptr, {}, ""},
      {Demand::Off, &expired, {}, ""},
      {Demand::Optional, nullptr, {"kube-apiserver"}, ""},
      {Demand::Optional, &api_server, {"kube-apiserver"}, "kube-apiserver"},
      {Demand::Optional, &api_server, {"other"}, "name_not_allowed"},
      {Demand::Optional, &expired, {}, "certificate_expired"},
      {Demand::Required, nullptr, {}, "no_certificate"},
      {Demand::Required, &api_server, {}, "kube-apiserver"},
      {Demand::Required, &api_server, {"other", "api.example.com"}, "api.example.com"},
      {Demand::Required, &api_server, {"spiffe://cluster/api"}, "spiffe://cluster/api"},
      {Demand::Required, &api_server, {"system:masters"}, "name_not_allowed"},  // organisations are no names
      {Demand::Required, &api_server, {"kube"}, "name_not_allowed"},
      {Demand::Required, &api_server, {"KUBE-APISERVER"}, "name_not_allowed"},
      {Demand::Required, &api_server, {"*"}, "name_not_allowed"},
      {Demand::Required, &api_server, {""}, "name_not_allowed"},
      {Demand::Required, &by_dns, {}, "a.example.com"},
      {Demand::Required, &by_dns, {"b.example.com"}, "b.example.com"},
      {Demand::Required, &nameless, {}, "name_not_allowed"},
      {Demand::Required, &nameless, {""}, "name_not_allowed"},
      {Demand::Required, &cut, {"kube-apiserver"}, "name_not_allowed"},
      {Demand::Required, &expired, {"kube-apiserver"}, "certificate_expired"},
  };
  for (const Case& c : cases) {
    INFO(c.want);
    const auto caller = authenticate(c.certificate, "", {}, {.certificate = c.demand, .names = c.names}, kNow);
    CHECK((caller ? caller->name : std::string(to_text(caller.error().cause))) == c.want);
    if (!caller) CHECK_FALSE(is_about_token(caller.error().cause));
  }
}

TEST_CASE("where both are required, both have to be right") {
  const tls::Peer api_server{"kube-apiserver", {}, {}, {}, kNow + std::chrono::hours{1}};
  Config config = token_config();
  config.certificate = Demand::Required;
  const std::string good =
      "Bearer " + make_token(given().rsa, R"({"alg":"RS256"})",
                             R"({"iss":"https://issuer","aud":"plimsoll","sub":"ada","exp":1767225660})");
  struct Case {
    const tls::Peer* certificate;
    std::string authorization, want;
  };
  const Case cases[] = {{&api_server, good, "kube-apiserver + ada"},
                        {nullptr, good, "no_certificate"},
                        {&api_server, "", "no_token"},
                        {nullptr, "", "no_certificate"},
                        {&api_server, good + "=", "token_malformed"}};
  for (const Case& c : cases) {
    const auto caller = authenticate(c.certificate, c.authorization, given().keys, config, kNow);
    CHECK((caller ? caller->name : std::string(to_text(caller.error().cause))) == c.want);
  }
}

}  // namespace
}  // namespace plimsoll::auth
