#include "webhook/certificates/view.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "plimsoll/base/text.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/json/writer.hpp"
#include "plimsoll/tls/identity.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll::webhook {
namespace {

constexpr std::size_t kLongestCell = 120;

std::string to_days(std::chrono::milliseconds time) {
  // Days are enough from two days on.
  if (time < std::chrono::days(2)) return to_text(Duration(std::chrono::floor<std::chrono::seconds>(time)));
  return std::to_string(std::chrono::floor<std::chrono::days>(time).count()) + "d";
}

std::string to_left(const tls::Certificate& certificate, TimePoint now) {
  if (now >= certificate.valid_until) return "expired " + to_days(now - certificate.valid_until) + " ago";
  if (now < certificate.valid_from) return "begins in " + to_days(certificate.valid_from - now);
  return to_days(certificate.valid_until - now);
}

void check_validity(CertificateView& view, const ViewTerms& terms) {
  for (const CertificateView::Row& row : view.rows) {
    if (!row.has_to_be_valid) continue;
    const tls::Certificate& certificate = row.certificate;
    const std::string who = row.role + " " + quoted(certificate.subject, kLongestCell);
    if (terms.now < certificate.valid_from || terms.now >= certificate.valid_until) {
      view.problems.push_back(who + ": " + to_left(certificate, terms.now));
    } else if (certificate.valid_until - terms.now < terms.within) {
      view.problems.push_back(who + ": expires in " + to_left(certificate, terms.now));
    }
  }
}

Result<void> add_rows(CertificateView& view, std::string_view pem, const std::string& what, std::string_view role,
                      std::string_view later_role) {
  PLIMSOLL_TRY(certificates, tls::parse_certificates(pem, what));
  for (tls::Certificate& certificate : certificates) {
    view.rows.push_back({.role = std::string(role), .certificate = std::move(certificate)});
    role = later_role;
  }
  return {};
}

}  // namespace

Result<CertificateView> view_certificates(const CertificateTexts& texts, const ViewTerms& terms) {
  CertificateView view;
  PLIMSOLL_CHECK(add_rows(view, texts.chain, "the chain", "certificate", "issuer"));
  if (!texts.authorities.empty())
    PLIMSOLL_CHECK(add_rows(view, texts.authorities, "the CA file", "trusted", "trusted"));
  check_validity(view, terms);
  if (!texts.key.empty()) {
    const auto identity = tls::parse_identity(texts.chain, texts.key, {"the chain", "the key"});
    if (identity) {
      view.findings.emplace_back("the key belongs to the certificate");
    } else {
      view.problems.push_back(identity.error().where + " " + identity.error().message);
    }
  }
  if (!texts.authorities.empty()) {
    const auto verdict =
        tls::verify_chain(texts.chain, {.authorities_pem = texts.authorities, .name = texts.name, .now = terms.now});
    const std::string as = texts.name.empty() ? "" : " as " + quoted(texts.name, kLongestCell);
    if (verdict) {
      view.findings.push_back("callers that trust the CA file trust it" + as);
    } else {
      view.problems.push_back("callers that trust the CA file do not trust it" + as + ": " + verdict.error().message);
    }
  } else if (const auto& names = view.rows.front().certificate.names;
             !texts.name.empty() && std::find(names.begin(), names.end(), texts.name) == names.end()) {
    // With wildcards among the names a verifier knows better; it takes an authority to ask one.
    const auto own = tls::verify_chain(
        texts.chain,
        {.authorities_pem = texts.chain, .name = texts.name, .now = view.rows.front().certificate.valid_from});
    if (!own) view.problems.push_back("it is not for " + quoted(texts.name, kLongestCell) + ": " + own.error().message);
  }
  return view;
}

Result<CertificateView> view_certificates(const tls::CertificateSet& certificates, const ViewTerms& terms) {
  CertificateView view;
  PLIMSOLL_CHECK(add_rows(view, certificates.leaf.chain_pem(), "tls.crt", "served", "issuer"));
  PLIMSOLL_CHECK(add_rows(view, certificates.authority.certificate_pem(), "authority.crt", "authority", "authority"));
  if (certificates.next)
    PLIMSOLL_CHECK(add_rows(view, certificates.next->certificate_pem(), "next.crt", "next authority", ""));
  for (const tls::FormerAuthority& former : certificates.former) {
    PLIMSOLL_CHECK(add_rows(view, former.certificate_pem, "former.crt", "former authority", ""));
    view.rows.back().has_to_be_valid = false;
    view.findings.push_back("a former authority is trusted until a day after " + to_text(former.trusted_until));
  }
  check_validity(view, terms);
  view.findings.emplace_back("keys belong to their certificates, and the served one is the authority's");
  return view;
}

std::string write_table(const CertificateView& view, TimePoint now) {
  constexpr std::size_t kColumns = 5;
  std::vector<std::array<std::string, kColumns>> lines{{"ROLE", "SUBJECT", "ISSUER", "VALID UNTIL", "LEFT"}};
  for (const CertificateView::Row& row : view.rows) {
    const tls::Certificate& certificate = row.certificate;
    lines.push_back(
        {row.role, to_display(certificate.subject, kLongestCell),
         certificate.issuer == certificate.subject ? "itself" : to_display(certificate.issuer, kLongestCell),
         to_text(certificate.valid_until), to_left(certificate, now)});
  }
  std::array<std::size_t, kColumns> widths{};
  for (const auto& line : lines)
    for (std::size_t i = 0; i < kColumns; ++i) widths[i] = std::max(widths[i], line[i].size());

  std::string text;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string line;
    for (std::size_t column = 0; column < kColumns; ++column) {
      line += column + 1 == kColumns ? lines[i][column] : fmt::format("{:<{}}  ", lines[i][column], widths[column]);
    }
    text += line + "\n";
    if (i == 0) continue;
    std::string names;
    for (const std::string& name : view.rows[i - 1].certificate.names)
      names += (names.empty() ? "" : ", ") + to_display(name, kLongestCell);
    if (!names.empty()) text += "  for " + names + "\n";
  }
  text += "\n";
  for (const std::string& finding : view.findings) text += "ok: " + finding + "\n";
  for (const std::string& problem : view.problems) text += "PROBLEM: " + problem + "\n";
  return text;
}

std::string write_json(const CertificateView& view, TimePoint now) {
  json::Writer w;
  w.begin_object().key("certificates").begin_array();
  for (const CertificateView::Row& row : view.rows) {
    const tls::Certificate& certificate = row.certificate;
    w.begin_object().member("role", row.role).member("subject", certificate.subject);
    w.member("issuer", certificate.issuer).key("names").begin_array();
    for (const std::string& name : certificate.names) w.value(name);
    w.end_array().member("isAuthority", certificate.is_authority).member("serial", certificate.serial);
    w.member("sha256", certificate.fingerprint).member("validFrom", to_text(certificate.valid_from));
    w.member("validUntil", to_text(certificate.valid_until));
    w.member("secondsLeft", std::chrono::floor<std::chrono::seconds>(certificate.valid_until - now).count());
    w.end_object();
  }
  w.end_array().key("findings").begin_array();
  for (const std::string& finding : view.findings) w.value(finding);
  w.end_array().key("problems").begin_array();
  for (const std::string& problem : view.problems) w.value(problem);
  w.end_array().end_object();
  const auto document = json::Document::parse(std::move(w).take());
  return document ? json::write_pretty(document->root()) : std::string();
}

}  // namespace plimsoll::webhook
