// What `plimsoll certs show` finds out about certificates, and how it says it.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/tls/certificate.hpp"
#include "plimsoll/tls/certificate_set.hpp"

namespace plimsoll::webhook {

struct CertificateView {
  struct Row {
    std::string role;  ///< "served", "issuer", "authority", …
    tls::Certificate certificate;
    bool has_to_be_valid = true;  ///< a former authority may expire unnoticed
  };
  std::vector<Row> rows;
  std::vector<std::string> findings;  ///< what was checked and is well
  std::vector<std::string> problems;  ///< what is wrong, or soon will be
};

/// Texts that may belong together; empty ones are not there.
struct CertificateTexts {
  std::string chain = {};        ///< the server's certificate, then its issuers
  std::string key = {};          ///< its key
  std::string authorities = {};  ///< what callers trust
  std::string name = {};         ///< that callers ask for
};

struct ViewTerms {
  TimePoint now;
  std::chrono::milliseconds within{0};  ///< what expires in this time is a problem already
};

/// Errors: text that holds no certificate.
[[nodiscard]] Result<CertificateView> view_certificates(const CertificateTexts& texts, const ViewTerms& terms);

/// The same of a set; what does not belong together is an error of decode_certificates already.
[[nodiscard]] Result<CertificateView> view_certificates(const tls::CertificateSet& certificates,
                                                        const ViewTerms& terms);

[[nodiscard]] std::string write_table(const CertificateView& view, TimePoint now);
[[nodiscard]] std::string write_json(const CertificateView& view, TimePoint now);

}  // namespace plimsoll::webhook
