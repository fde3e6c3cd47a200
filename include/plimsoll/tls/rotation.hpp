// The life of self-made certificates, as a pure function: what is the next thing to be done?
//
// The order of things is what keeps every caller content while authorities change:
//
//   1. a next authority is made. Callers are told to trust it beside the old one; nothing is signed by it yet;
//   2. once every caller is known to trust it, and has had time to notice, it takes over and signs what is served;
//   3. the old one stays trusted until the last certificate that it ever signed has expired. A server that was cut off
//      from the others may serve that one until then.
//
// Several servers may do this at once, with clocks that differ: each computes the same kind of step from the same
// stored set, and only one of them can store its result.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/tls/certificate_set.hpp"

namespace plimsoll::tls {

/// How long things live. Each is replaced when a third of its life is left.
struct Lifetimes {
  /// A new authority is a change for every caller, so it is rare; and seldom enough that its overlap can be watched.
  std::chrono::milliseconds authority = std::chrono::days{3 * 365};
  /// As cert-manager's default: a stolen key is of use for three months, a broken renewal is noticed a month ahead.
  std::chrono::milliseconds leaf = std::chrono::days{90};
  /// How long callers must have been told of an authority before it signs. API servers learn of a caBundle through a
  /// watch, in about a second; the rest is for watches that broke and for servers that have not loaded the set yet.
  std::chrono::milliseconds settling = std::chrono::minutes{5};
};

/// By how much clocks may differ, callers' and servers': an authority begins this long before it is made, and a former
/// one is trusted this much longer than needed. A machine whose clock is further off could not speak to the API server.
inline constexpr std::chrono::days kClockTolerance{1};

/// What an operator may ask for.
enum class Wish {
  None,
  Rotate,     ///< the authority by one step: make the next one, or have it take over
  RotateNow,  ///< keys are in wrong hands: everything anew, and the old authorities trusted no more
};

/// What next_step has to know beside the set itself.
struct Circumstances {
  std::vector<std::string> names;  ///< which the served certificate must have
  Lifetimes lifetimes = {};
  /// For how long every caller has been known to trust the whole bundle of this set; nothing when it is not known.
  std::optional<std::chrono::milliseconds> published_for = {};
  Wish wish = Wish::None;
};

enum class Step {
  Keep,
  MakeAll,     ///< an authority and a certificate, and nothing that was before
  RenewLeaf,   ///< a new certificate by the same authority
  MakeNext,    ///< an authority to come
  Promote,     ///< the next authority takes over and signs a new certificate; the old one becomes a former one
  DropFormer,  ///< authorities are forgotten of which nothing can be valid
};

[[nodiscard]] std::string_view to_text(Step step);

struct NextStep {
  Step step = Step::Keep;
  std::string reason;  ///< for the log; of Keep: what is being waited for, or empty
};

/// `certificates` is null when there are none. After a step has been taken there may be another.
[[nodiscard]] NextStep next_step(TimePoint now, const CertificateSet* certificates, const Circumstances& circumstances);

/// Takes `step`, which needs new keys most of the time. `certificates` may be null for MakeAll alone.
///
/// A leaf has all names that are asked for; a renewal before its time keeps the old names as well, so that servers
/// which ask for different ones (in the middle of an update) agree on all of them. Errors: names that no certificate
/// can have. Requires: `step` is what next_step said of this set, and not Keep.
[[nodiscard]] Result<CertificateSet> take_step(Step step, TimePoint now, const CertificateSet* certificates,
                                               const Circumstances& circumstances);

}  // namespace plimsoll::tls
