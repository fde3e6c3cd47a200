#include "plimsoll/auth/keys.hpp"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <utility>

#include "base64url.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/json/document.hpp"

namespace plimsoll::auth {
namespace {

// Issuers rotate among a few. Each one more is a signature to check for a token that does not say whose it is.
constexpr std::size_t kMaxKeys = 64;

// Below 2048 bits an RSA key is too weak (RFC 7518, section 3.3); above 8192 each check would take milliseconds.
constexpr int kLeastRsaBits = 2048;
constexpr int kMostRsaBits = 8192;

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* value) const noexcept {
    free_function(value);
  }
};
using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using KeyContextPtr = std::unique_ptr<EVP_PKEY_CTX, Free<EVP_PKEY_CTX_free>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Free<BN_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, Free<OSSL_PARAM_free>>;
using ParamsBuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Free<OSSL_PARAM_BLD_free>>;

const unsigned char* to_bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

struct AlgorithmEntry {
  std::string_view name;
  Algorithm algorithm;
  Key::Type type;
};
// With ECDSA the algorithm names the curve (RFC 7518, section 3.4).
constexpr AlgorithmEntry kAlgorithms[] = {
    {"RS256", Algorithm::RS256, Key::Type::Rsa},  {"RS384", Algorithm::RS384, Key::Type::Rsa},
    {"RS512", Algorithm::RS512, Key::Type::Rsa},  {"ES256", Algorithm::ES256, Key::Type::P256},
    {"ES384", Algorithm::ES384, Key::Type::P384}, {"ES512", Algorithm::ES512, Key::Type::P521},
};

struct Curve {
  std::string_view name;     // in a JWK
  const char* openssl_name;  // SECG's
  Key::Type type;
  std::size_t coordinate_size;
};
constexpr Curve kCurves[] = {
    {"P-256", "prime256v1", Key::Type::P256, 32},
    {"P-384", "secp384r1", Key::Type::P384, 48},
    {"P-521", "secp521r1", Key::Type::P521, 66},
};

using Refused = Unexpected<std::string>;
template <class T>
using OrWhy = Result<T, std::string>;

OrWhy<Key::Type> find_type(const EVP_PKEY* key) {
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
    const int bits = EVP_PKEY_get_bits(key);
    if (bits < kLeastRsaBits || bits > kMostRsaBits)
      return Refused{"an RSA key of " + std::to_string(bits) + " bits; from 2048 to 8192 are taken"};
    return Key::Type::Rsa;
  }
  std::array<char, 64> name{};
  if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC) EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr);
  for (const Curve& curve : kCurves)
    if (std::string_view(name.data()) == curve.openssl_name) return curve.type;
  return Refused{"neither an RSA key nor an EC key on P-256, P-384 or P-521"};
}

OrWhy<Key> make_key(EVP_PKEY* key) {
  PLIMSOLL_TRY(type, find_type(key));
  const KeyContextPtr context(EVP_PKEY_CTX_new(key, nullptr));
  if (!context || EVP_PKEY_public_check(context.get()) != 1) return Refused{"its numbers are no valid key"};
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out || PEM_write_bio_PUBKEY(out.get(), key) != 1) return Refused{"cannot be written as PEM"};
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(out.get(), &bytes);
  return Key{.id = {}, .type = type, .algorithm = {}, .pem = std::string(bytes, static_cast<std::size_t>(size))};
}

OrWhy<KeyPtr> make_public_key(const char* type, OSSL_PARAM_BLD* builder) {
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder));
  const KeyContextPtr context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!params || !context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return Refused{"its numbers are no valid key"};
  return KeyPtr(key);
}

OrWhy<std::string> read_bytes(json::View jwk, std::string_view name) {
  const auto text = jwk[name].text();
  const auto bytes = text ? decode_base64url(*text) : std::nullopt;
  if (!bytes || bytes->empty()) return Refused{"its " + quoted(name) + " is not base64url without padding"};
  return *bytes;
}

OrWhy<KeyPtr> read_rsa_key(json::View jwk) {
  PLIMSOLL_TRY(n, read_bytes(jwk, "n"));
  PLIMSOLL_TRY(e, read_bytes(jwk, "e"));
  if (n.size() > kMostRsaBits / 8 + 1 || e.size() > 8) return Refused{"an RSA key of more than 8192 bits"};
  const BignumPtr modulus(BN_bin2bn(to_bytes(n), static_cast<int>(n.size()), nullptr));
  const BignumPtr exponent(BN_bin2bn(to_bytes(e), static_cast<int>(e.size()), nullptr));
  const ParamsBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!builder || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, modulus.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, exponent.get()) != 1)
    return Refused{"its numbers are no valid key"};
  return make_public_key("RSA", builder.get());
}

OrWhy<KeyPtr> read_ec_key(json::View jwk) {
  const auto name = jwk["crv"].text();
  const auto* curve =
      std::find_if(std::begin(kCurves), std::end(kCurves), [&](const Curve& c) { return c.name == name; });
  if (curve == std::end(kCurves))
    return Refused{"its curve " + quoted(name.value_or("")) + " is none of P-256, P-384 and P-521"};
  PLIMSOLL_TRY(x, read_bytes(jwk, "x"));
  PLIMSOLL_TRY(y, read_bytes(jwk, "y"));
  if (x.size() != curve->coordinate_size || y.size() != curve->coordinate_size)
    return Refused{"its coordinates do not have the size of the curve"};
  const std::string point = '\x04' + x + y;  // uncompressed (SEC 1, 2.3.3)
  const ParamsBuilderPtr builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->openssl_name, 0) != 1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) != 1)
    return Refused{"its numbers are no valid key"};
  return make_public_key("EC", builder.get());
}

// RFC 7517, section 4: `use` and `key_ops` say what a key is for, `alg` with which algorithm alone.
OrWhy<void> check_purpose(json::View jwk) {
  if (jwk["use"] && jwk["use"].text() != "sig")
    return Refused{"its \"use\" is " + quoted(jwk["use"].text().value_or("?")) + " and not \"sig\""};
  if (const json::View operations = jwk["key_ops"]) {
    bool may_verify = false;
    for (const json::View operation : operations.elements()) may_verify |= operation.text() == "verify";
    if (!may_verify) return Refused{"its \"key_ops\" do not hold \"verify\""};
  }
  if (jwk["d"]) return Refused{"it is a private key, which is nobody's business but the issuer's"};
  return {};
}

OrWhy<Key> read_jwk(json::View jwk) {
  if (!jwk.is_object()) return Refused{"is not an object"};
  const std::string_view type = jwk["kty"].text().value_or("");
  if (type == "oct") return Refused{"is symmetric: whoever can check a signature could make one"};
  if (type != "RSA" && type != "EC") return Refused{"its \"kty\" " + quoted(type) + " is neither \"RSA\" nor \"EC\""};
  PLIMSOLL_CHECK(check_purpose(jwk));
  PLIMSOLL_TRY(public_key, type == "RSA" ? read_rsa_key(jwk) : read_ec_key(jwk));
  PLIMSOLL_TRY(key, make_key(public_key.get()));
  if (jwk["kid"]) {
    const auto id = jwk["kid"].text();
    if (!id || id->empty()) return Refused{"its \"kid\" is not a text"};
    key.id = *id;
  }
  if (jwk["alg"]) {
    const std::string_view name = jwk["alg"].text().value_or("");
    const auto algorithm = parse_algorithm(name);
    if (!algorithm || !key.fits(*algorithm))
      return Refused{"its \"alg\" " + quoted(name) + " is not accepted, or not for a key of its type"};
    key.algorithm = algorithm;
  }
  return key;
}

OrWhy<Key> read_pem_key(std::string_view label, const unsigned char* bytes, long size) {
  KeyPtr key;
  if (label == PEM_STRING_PUBLIC) {
    key.reset(d2i_PUBKEY(nullptr, &bytes, size));
  } else if (label == PEM_STRING_RSA_PUBLIC) {
    key.reset(d2i_PublicKey(EVP_PKEY_RSA, nullptr, &bytes, size));
  } else if (label == PEM_STRING_X509) {
    const X509Ptr certificate(d2i_X509(nullptr, &bytes, size));
    if (certificate) key.reset(X509_get_pubkey(certificate.get()));
  } else if (label.ends_with("PRIVATE KEY")) {
    return Refused{"is a private key; only the public one is needed, and wanted"};
  } else {
    return Refused{"is a " + quoted(label) + ", neither a public key nor a certificate"};
  }
  if (!key) return Refused{"is malformed"};
  return make_key(key.get());
}

/// Collects what can be used, and notes on what cannot.
class Collection {
 public:
  explicit Collection(std::string_view file) : file_(file) {}

  void add(OrWhy<Key> key, std::string_view id = {}) {
    ++seen_;
    const std::string which = "key " + std::to_string(seen_) + (id.empty() ? "" : " (" + quoted(id) + ")");
    if (!key) return found_.notes.push_back(which + " is left out: " + key.error());
    if (has_rival(*key)) return found_.notes.push_back(which + " is left out: the first of this \"kid\" counts");
    found_.keys.push_back(std::move(*key));
  }

  Result<Keys> finish() && {
    if (found_.keys.size() > kMaxKeys)
      return fail(ErrorCode::TooLarge, "holds more than " + std::to_string(kMaxKeys) + " keys", file_);
    if (!found_.keys.empty()) return std::move(found_);
    std::string message = "holds no key that could be used; PEM is needed (a public key or a certificate), or JWKS";
    for (const std::string& note : found_.notes) message += "; " + note;
    return fail(ErrorCode::Invalid, std::move(message), file_);
  }

 private:
  // One id for several keys is in order where type or algorithm tell them apart.
  [[nodiscard]] bool has_rival(const Key& key) const {
    return !key.id.empty() && std::any_of(found_.keys.begin(), found_.keys.end(), [&](const Key& other) {
      return other.id == key.id && other.type == key.type &&
             (!other.algorithm || !key.algorithm || other.algorithm == key.algorithm);
    });
  }

  std::string file_;
  std::size_t seen_ = 0;
  Keys found_;
};

Result<Keys> parse_jwks(std::string text, std::string_view name) {
  const Result<json::Document> document = json::Document::parse(std::move(text));
  if (!document)
    return fail(ErrorCode::Invalid, "is no JSON: " + document.error().message + " at " + document.error().where,
                std::string(name));
  const json::View keys = document->root()["keys"];
  if (!keys.is_array())
    return fail(ErrorCode::Invalid, "is JSON, but no JWKS: the list \"keys\" is missing", std::string(name));
  Collection collection(name);
  for (const json::View jwk : keys.elements()) collection.add(read_jwk(jwk), jwk["kid"].text().value_or(""));
  return std::move(collection).finish();
}

Result<Keys> parse_pem(std::string_view text, std::string_view name) {
  Collection collection(name);
  if (text.size() > std::numeric_limits<int>::max()) return std::move(collection).finish();
  const BioPtr in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  char* label = nullptr;
  char* header = nullptr;
  unsigned char* bytes = nullptr;
  long size = 0;
  while (PEM_read_bio(in.get(), &label, &header, &bytes, &size) == 1) {
    collection.add(read_pem_key(label, bytes, size));
    OPENSSL_free(label);
    OPENSSL_free(header);
    OPENSSL_free(bytes);
  }
  return std::move(collection).finish();
}

}  // namespace

std::optional<Algorithm> parse_algorithm(std::string_view name) {
  for (const AlgorithmEntry& entry : kAlgorithms)
    if (entry.name == name) return entry.algorithm;
  return std::nullopt;
}

bool Key::fits(Algorithm used) const {
  if (algorithm && *algorithm != used) return false;
  return std::any_of(std::begin(kAlgorithms), std::end(kAlgorithms),
                     [&](const AlgorithmEntry& entry) { return entry.algorithm == used && entry.type == type; });
}

Result<Keys> parse_keys(std::string text, std::string_view name) {
  const std::size_t start = text.find_first_not_of(" \t\r\n");
  const bool is_json = start != std::string::npos && (text[start] == '{' || text[start] == '[');
  auto keys = is_json ? parse_jwks(std::move(text), name) : parse_pem(text, name);
  ERR_clear_error();
  return keys;
}

}  // namespace plimsoll::auth
