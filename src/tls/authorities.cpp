#include "plimsoll/tls/authorities.hpp"

#include "openssl.hpp"

namespace plimsoll::tls {

Result<Authorities> parse_authorities(std::string pem, std::string_view name) {
  const Chain bundle = decode_chain(pem);
  const auto number = [](std::size_t index) { return "certificate " + std::to_string(index + 1); };
  const auto refuse = [&](std::string message) {
    return fail(ErrorCode::Invalid, std::move(message), std::string(name));
  };
  if (bundle.malformed) return refuse(number(bundle.certificates.size()) + " is malformed: " + last_openssl_error());
  if (bundle.certificates.empty())
    return refuse("holds no certificate; PEM is needed, a text that begins with -----BEGIN CERTIFICATE-----");
  for (std::size_t i = 0; i < bundle.certificates.size(); ++i)
    if (X509_check_ca(bundle.certificates[i].get()) == 0)
      return refuse(number(i) + " is not an authority's: it may not sign others (CA:TRUE is missing)");
  return Authorities(std::move(pem));
}

}  // namespace plimsoll::tls
