// Bearer tokens and key files. The same bytes are tried as a token, as a header and claims that a trusted key signs, so
// that what comes after the signature is reached, and as a file of keys.
#include "auth/tokens.hpp"
#include "demand.hpp"
#include "plimsoll/auth/authenticate.hpp"
#include "plimsoll/auth/keys.hpp"
#include "plimsoll/json/document.hpp"

namespace plimsoll::fuzz {
namespace {

struct Issuer {
  auth::KeyPtr key = auth::make_ec_key("P-256");
  auth::Keys keys = *auth::parse_keys(auth::to_public_pem(key), "key.pem");
};

const Issuer& trusted() {
  static const Issuer kIssuer;
  return kIssuer;
}

const Issuer& stranger() {
  static const Issuer kIssuer;
  return kIssuer;
}

Result<auth::Principal, auth::Refusal> show(const std::string& token) {
  constexpr TimePoint kNow{std::chrono::seconds(1'767'225'600)};
  const auth::Config config{.token = auth::Demand::Required, .issuer = "https://issuer", .audience = "plimsoll"};
  auto caller = auth::authenticate(nullptr, "Bearer " + token, trusted().keys, config, kNow);
  if (!caller) {
    demand(!caller.error().message.empty(), "a refusal without words");
    demand(caller.error().message.size() < 1024, "a refusal as long as its token");
  }
  return caller;
}

// The first line is the header, what follows are the claims.
void try_signed(const std::string& input) {
  const std::size_t end = input.find('\n');
  if (end == std::string::npos) return;
  const std::string header = input.substr(0, end);
  const std::string claims = input.substr(end + 1);
  demand(!show(auth::make_token(stranger().key, header, claims)), "a stranger's token is believed");
  if (!show(auth::make_token(trusted().key, header, claims))) return;
  const auto document = json::Document::parse(claims);
  demand(document.has_value() && document->root()["exp"].kind() == json::Kind::Number, "a token for ever is believed");
}

void try_keys(const std::string& input) {
  const auto keys = auth::parse_keys(input, "keys");
  if (!keys) return demand(!keys.error().message.empty(), "a refusal without words");
  demand(!keys->keys.empty(), "keys without a key");
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string input = plimsoll::fuzz::to_string(bytes, size);
  plimsoll::fuzz::demand(!plimsoll::fuzz::show(input), "a token that nobody signed is believed");
  plimsoll::fuzz::try_signed(input);
  plimsoll::fuzz::try_keys(input);
  return 0;
}
