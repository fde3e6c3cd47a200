// What must hold for every object that is decided, whatever is expected of it.
#pragma once

#include <string>
#include <vector>

#include "plimsoll/admission/review.hpp"
#include "plimsoll/base/result.hpp"
#include "plimsoll/decide/decide.hpp"
#include "plimsoll/json/document.hpp"
#include "webhook/golden/context.hpp"

namespace plimsoll::webhook {

/// One way through: bytes in, bytes out.
struct Passage {
  decide::Decision decision;
  std::string after;   ///< the object, compact
  std::string answer;  ///< the response body
};

/// Sends `object` through the codec and decides it. Errors: the review or the patch is malformed.
[[nodiscard]] Result<Passage> pass(json::View object, const GoldenContext& context,
                                   admission::Version version = admission::Version::V1);

/// What expected.yaml ought to hold: compact JSON documents.
[[nodiscard]] std::vector<std::string> make_documents(const Passage& passage);

/// Holds `first`, which is what became of `object`, to the promises of the house: the same bytes every time; both
/// versions of AdmissionReview alike, the uid echoed, the patch intact; nothing left to change in the result, now, an
/// hour later or under another policy; unknown fields survive; what the audit log keeps is decided alike.
///
/// Returns the first that is broken; empty: all hold.
[[nodiscard]] std::string find_fault(json::View object, const GoldenContext& context, const Passage& first);

}  // namespace plimsoll::webhook
