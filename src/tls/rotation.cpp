#include "plimsoll/tls/rotation.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "plimsoll/base/text.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll::tls {
namespace {

bool is_due(TimePoint now, TimePoint until, std::chrono::milliseconds lifetime) {
  return now >= until - lifetime / 3;
}

bool is_forgettable(TimePoint now, const FormerAuthority& former) {
  return now >= former.trusted_until + kClockTolerance;
}

// One address has many spellings, and a certificate has it as bytes.
std::string to_canonical(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (inet_pton(AF_INET6, name.c_str(), address.data()) == 1 &&
      inet_ntop(AF_INET6, address.data(), text.data(), text.size()) != nullptr)
    return text.data();
  return name;
}

bool has(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), to_canonical(name)) != names.end();
}

std::string until(TimePoint time) {
  return "valid until " + plimsoll::to_text(time);
}

/// Why the leaf has to be replaced; empty when it need not.
std::string why_new_leaf(TimePoint now, const CertificateSet& set, const Circumstances& circumstances) {
  for (const std::string& name : circumstances.names)
    if (!has(set.leaf.names(), name)) return "the certificate lacks the name " + quoted(name, 256);
  // One that ends with its authority would be followed by its like; the authority has to be replaced.
  if (is_due(now, set.leaf.valid_until(), circumstances.lifetimes.leaf) &&
      set.leaf.valid_until() < set.authority.valid_until())
    return "the certificate is " + until(set.leaf.valid_until());
  return {};
}

/// Why the next authority has to take over; empty when it must not yet.
std::string why_promote(TimePoint now, const CertificateSet& set, const Circumstances& circumstances) {
  if (!set.next || now < set.next->valid_from() || now >= set.next->valid_until()) return {};
  if (circumstances.wish == Wish::Rotate) return "asked for";
  // Whoever does not trust the next one has nothing to trust any more.
  if (now >= set.authority.valid_until()) return "the authority has expired";
  if (circumstances.published_for && *circumstances.published_for >= circumstances.lifetimes.settling)
    return "the next authority has been trusted by all callers for " +
           plimsoll::to_text(Duration(std::chrono::floor<std::chrono::seconds>(*circumstances.published_for)));
  return {};
}

/// Why an authority has to be made that takes over one day; empty when none need be.
std::string why_next(TimePoint now, const CertificateSet& set, const Circumstances& circumstances) {
  if (set.next && now < set.next->valid_until()) return {};
  if (circumstances.wish == Wish::Rotate) return "asked for";
  if (is_due(now, set.authority.valid_until(), circumstances.lifetimes.authority))
    return "the authority is " + until(set.authority.valid_until());
  return {};
}

Result<Authority> make_authority(TimePoint now, const Lifetimes& lifetimes) {
  return tls::make_authority({now - kClockTolerance, now + lifetimes.authority});
}

Result<CertificateSet> make_all(TimePoint now, const Circumstances& circumstances) {
  PLIMSOLL_TRY(authority, make_authority(now, circumstances.lifetimes));
  PLIMSOLL_TRY(leaf, issue_identity(authority, circumstances.names, now + circumstances.lifetimes.leaf));
  return CertificateSet{std::move(authority), std::nullopt, {}, std::move(leaf)};
}

Result<CertificateSet> renew_leaf(TimePoint now, const CertificateSet& set, const Circumstances& circumstances) {
  std::vector<std::string> names = circumstances.names;
  if (!is_due(now, set.leaf.valid_until(), circumstances.lifetimes.leaf)) {
    names = set.leaf.names();
    for (const std::string& name : circumstances.names)
      if (!has(names, name)) names.push_back(name);
  }
  CertificateSet renewed = set;
  PLIMSOLL_TRY(leaf, issue_identity(set.authority, names, now + circumstances.lifetimes.leaf));
  renewed.leaf = std::move(leaf);
  return renewed;
}

Result<CertificateSet> promote(TimePoint now, const CertificateSet& set, const Circumstances& circumstances) {
  PLIMSOLL_ASSERT(set.next.has_value());
  CertificateSet promoted = set;
  promoted.former.push_back({set.authority.certificate_pem(), set.leaf.valid_until()});
  promoted.authority = *set.next;
  promoted.next.reset();
  return renew_leaf(now, promoted, circumstances);
}

}  // namespace

std::string_view to_text(Step step) {
  switch (step) {
    case Step::Keep:
      return "keep";
    case Step::MakeAll:
      return "make an authority and a certificate";
    case Step::RenewLeaf:
      return "renew the certificate";
    case Step::MakeNext:
      return "make the next authority";
    case Step::Promote:
      return "let the next authority take over";
    case Step::DropFormer:
      return "drop a former authority";
  }
  return "";
}

NextStep next_step(TimePoint now, const CertificateSet* certificates, const Circumstances& circumstances) {
  if (certificates == nullptr) return {Step::MakeAll, "there are none yet"};
  const CertificateSet& set = *certificates;
  if (circumstances.wish == Wish::RotateNow) return {Step::MakeAll, "asked for"};
  // A clock that was set back, or another's that was ahead: nobody can tell which, and to replace an authority costs
  // every caller's trust. It is for people to look at.
  if (now < set.authority.valid_from())
    return {Step::Keep, "the authority begins in the future, " + plimsoll::to_text(set.authority.valid_from()) +
                            ": this clock is behind, or one was ahead"};

  if (std::string why = why_promote(now, set, circumstances); !why.empty()) return {Step::Promote, std::move(why)};
  if (now >= set.authority.valid_until()) return {Step::MakeAll, "the authority has expired, and there is no next one"};
  if (std::string why = why_new_leaf(now, set, circumstances); !why.empty()) return {Step::RenewLeaf, std::move(why)};
  if (std::any_of(set.former.begin(), set.former.end(), [now](const auto& f) { return is_forgettable(now, f); }))
    return {Step::DropFormer, "nothing that it signed is valid any more"};
  if (std::string why = why_next(now, set, circumstances); !why.empty()) return {Step::MakeNext, std::move(why)};
  return {Step::Keep, set.next ? "the next authority waits until all callers trust it" : ""};
}

Result<CertificateSet> take_step(Step step, TimePoint now, const CertificateSet* certificates,
                                 const Circumstances& circumstances) {
  if (step == Step::MakeAll) return make_all(now, circumstances);
  PLIMSOLL_ASSERT(certificates != nullptr);
  CertificateSet changed = *certificates;
  switch (step) {
    case Step::RenewLeaf:
      return renew_leaf(now, changed, circumstances);
    case Step::MakeNext: {
      PLIMSOLL_TRY(next, make_authority(now, circumstances.lifetimes));
      changed.next = std::move(next);
      return changed;
    }
    case Step::Promote:
      return promote(now, changed, circumstances);
    case Step::DropFormer:
      std::erase_if(changed.former, [now](const FormerAuthority& former) { return is_forgettable(now, former); });
      return changed;
    default:
      return fail(ErrorCode::Bug, "there is no step to take");
  }
}

}  // namespace plimsoll::tls
