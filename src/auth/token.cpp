#include "token.hpp"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <set>
#include <utility>

#include "base64url.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/units/duration.hpp"
#include "signature.hpp"

namespace plimsoll::auth {
namespace {

// A service account's token takes 1 KiB, one with many groups 4. The head of a request has 16 KiB.
constexpr std::size_t kMaxToken = std::size_t{8} << 10;

using Refused = Unexpected<Refusal>;

Refused refuse(Cause cause, std::string message) {
  return Refused{{cause, "the token " + std::move(message)}};
}

struct Parts {
  std::string_view header;
  std::string_view claims;
  std::string_view signature;
  std::string_view signed_text;  // header and claims with the dot between them
};

Result<Parts, Refusal> split(std::string_view token) {
  if (token.size() > kMaxToken) return refuse(Cause::TokenMalformed, fmt::format("is longer than {} bytes", kMaxToken));
  std::array<std::string_view, 3> parts;
  std::size_t count = 0;
  for (std::size_t start = 0; start <= token.size(); ++count) {
    const std::size_t end = std::min(token.find('.', start), token.size());
    if (count < parts.size()) parts[count] = token.substr(start, end - start);
    start = end + 1;
  }
  if (count == 5) return refuse(Cause::TokenUnsupported, "is encrypted; a signed one is expected");
  if (count != parts.size() || parts[0].empty() || parts[1].empty())
    return refuse(Cause::TokenMalformed, "is not a JWT: three parts with dots between them are expected");
  if (parts[2].empty()) return refuse(Cause::SignatureWrong, "is not signed");
  return Parts{parts[0], parts[1], parts[2], token.substr(0, parts[0].size() + 1 + parts[1].size())};
}

// RFC 7515, section 4, and RFC 7519, section 4: a name that is there twice makes the token invalid, and two readers
// that choose differently could be played against each other.
bool has_twice(json::View object) {
  std::set<std::string_view> names;
  for (const json::Member member : object.members())
    if (!names.insert(member.key).second) return true;
  return false;
}

Result<json::Document, Refusal> decode_part(std::string_view text, std::string_view what) {
  auto bytes = decode_base64url(text);
  if (!bytes) return refuse(Cause::TokenMalformed, fmt::format("has a {} that is not base64url without padding", what));
  auto document = json::Document::parse(std::move(*bytes));
  if (!document || !document->root().is_object())
    return refuse(Cause::TokenMalformed, fmt::format("has a {} that is no JSON object", what));
  if (has_twice(document->root()))
    return refuse(Cause::TokenMalformed, fmt::format("has a {} with a name that is there twice", what));
  return std::move(*document);
}

bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return text.size() == lower.size() && std::equal(text.begin(), text.end(), lower.begin(), [](char a, char b) {
           return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
         });
}

struct Header {
  Algorithm algorithm;
  std::string key_id;  // empty: it names none
};

Result<Header, Refusal> read_header(json::View header) {
  const auto name = header["alg"].text();
  const auto algorithm = name ? parse_algorithm(*name) : std::nullopt;
  if (!algorithm)
    return refuse(Cause::TokenUnsupported,
                  fmt::format("has the \"alg\" {}; RS256, RS384, RS512, ES256, ES384 and ES512 are accepted",
                              name ? quoted(*name) : "of no text"));

  // Extensions that must be understood: none is (RFC 7515, section 4.1.11). `b64`, which changes what is signed, counts
  // only among them, and `enc` and `zip` belong to encryption.
  for (const std::string_view extension : {"crit", "b64", "enc", "zip"})
    if (header[extension])
      return refuse(Cause::TokenUnsupported,
                    fmt::format("has {} in its header, which is not accepted", quoted(extension)));
  if (header["cty"]) return refuse(Cause::TokenUnsupported, "holds another token (\"cty\"), which is not accepted");

  // A token made for another purpose is not to be taken for a caller's (RFC 8725, section 3.11).
  if (const json::View type = header["typ"]) {
    std::string_view text = type.text().value_or("");
    constexpr std::string_view kPrefix = "application/";
    if (text.size() > kPrefix.size() && equals_ignoring_case(text.substr(0, kPrefix.size()), kPrefix))
      text.remove_prefix(kPrefix.size());
    if (!equals_ignoring_case(text, "jwt") && !equals_ignoring_case(text, "at+jwt"))
      return refuse(Cause::TokenUnsupported,
                    fmt::format("has the \"typ\" {}; JWT and at+jwt are accepted", quoted(text)));
  }

  Header found{*algorithm, {}};
  if (const json::View id = header["kid"]) {
    if (!id.text()) return refuse(Cause::TokenMalformed, "has a \"kid\" that is not a text");
    found.key_id = *id.text();
  }
  return found;
}

// A key without an id, from PEM or from a JWKS file that names none, may be anybody's; a token without one, of any key.
bool may_be(const Key& key, const Header& header) {
  return (key.id.empty() || header.key_id.empty() || key.id == header.key_id) && key.fits(header.algorithm);
}

Result<void, Refusal> check_signature(const Parts& parts, const Header& header, const Keys& keys) {
  if (!decode_base64url(parts.signature))
    return refuse(Cause::TokenMalformed, "has a signature that is not base64url without padding");
  bool is_known = false;
  for (const Key& key : keys.keys) {
    if (!may_be(key, header)) continue;
    is_known = true;
    if (is_signed(parts.signed_text, parts.signature, header.algorithm, key)) return {};
  }
  if (is_known) return refuse(Cause::SignatureWrong, "has a signature that is not by the key expected");
  return refuse(Cause::KeyUnknown, header.key_id.empty()
                                       ? "is signed with an algorithm for which there is no key"
                                       : fmt::format("has the \"kid\" {}, of which there is no key for its \"alg\"",
                                                     quoted(header.key_id)));
}

// NumericDate: seconds since 1970, with a fraction or without (RFC 7519, section 2).
Result<std::optional<double>, Refusal> read_date(json::View claims, std::string_view name) {
  const json::View claim = claims[name];
  if (!claim) return std::optional<double>();
  const auto seconds = claim.number();
  if (!seconds)
    return refuse(Cause::TokenMalformed, fmt::format("has an {} that is no number of seconds", quoted(name)));
  return seconds;
}

std::string show_date(double seconds) {
  constexpr double kYear9999 = 253'402'300'799;
  if (seconds < 0 || seconds > kYear9999) return fmt::format("{:g}", seconds);
  return plimsoll::to_text(TimePoint{std::chrono::seconds{static_cast<std::int64_t>(seconds)}});
}

Result<void, Refusal> check_times(json::View claims, std::chrono::seconds leeway, TimePoint now) {
  PLIMSOLL_TRY(expires, read_date(claims, "exp"));
  PLIMSOLL_TRY(begins, read_date(claims, "nbf"));
  PLIMSOLL_TRY(issued, read_date(claims, "iat"));
  const double at = std::chrono::duration<double>(now.time_since_epoch()).count();
  const auto slack = static_cast<double>(leeway.count());
  if (!expires) return refuse(Cause::TokenMalformed, "has no \"exp\": one that never expires is not accepted");
  if (at >= *expires + slack)
    return refuse(Cause::TokenExpired,
                  fmt::format("has expired: its \"exp\" is {}, and it is {}", show_date(*expires), show_date(at)));
  if (begins && at < *begins - slack)
    return refuse(Cause::TokenNotYetValid,
                  fmt::format("is not valid yet: its \"nbf\" is {}, and it is {}", show_date(*begins), show_date(at)));
  if (issued && at < *issued - slack)
    return refuse(Cause::TokenNotYetValid, fmt::format("was issued in the future: its \"iat\" is {}, and it is {}",
                                                       show_date(*issued), show_date(at)));
  return {};
}

// One text, or a list of them (RFC 7519, section 4.1.3).
bool is_for(json::View audience, std::string_view us) {
  if (audience.text()) return *audience.text() == us;
  bool is_found = false;
  for (const json::View one : audience.elements()) {
    if (!one.text()) return false;
    is_found |= *one.text() == us;
  }
  return is_found;
}

std::string show(json::View claim) {
  if (!claim) return "missing";
  return claim.text() ? quoted(*claim.text()) : to_display(json::write(claim));
}

Result<std::string, Refusal> check_claims(json::View claims, const Config& config, TimePoint now) {
  PLIMSOLL_CHECK(check_times(claims, config.leeway, now));
  if (claims["iss"].text() != config.issuer)
    return refuse(Cause::IssuerWrong, fmt::format("has the wrong \"iss\": it is {}, {} is expected",
                                                  show(claims["iss"]), quoted(config.issuer)));
  if (!is_for(claims["aud"], config.audience))
    return refuse(Cause::AudienceWrong, fmt::format("is for somebody else: its \"aud\" is {}, {} is expected",
                                                    show(claims["aud"]), quoted(config.audience)));
  const json::View subject = claims["sub"];
  if (subject && !subject.text()) return refuse(Cause::TokenMalformed, "has a \"sub\" that is not a text");
  const std::string_view name = subject.text().value_or("");
  return std::string(name.empty() ? config.issuer : name);
}

}  // namespace

Result<std::string, Refusal> verify_token(std::string_view token, const Keys& keys, const Config& config,
                                          TimePoint now) {
  PLIMSOLL_TRY(parts, split(token));
  PLIMSOLL_TRY(header_document, decode_part(parts.header, "header"));
  PLIMSOLL_TRY(header, read_header(header_document.root()));
  PLIMSOLL_CHECK(check_signature(parts, header, keys));
  PLIMSOLL_TRY(claims, decode_part(parts.claims, "payload"));
  return check_claims(claims.root(), config, now);
}

}  // namespace plimsoll::auth
