// An object on its way to a decision, outside a cluster: wrapped as the API server would wrap it, then decoded again.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/admission/review.hpp"
#include "plimsoll/base/result.hpp"
#include "plimsoll/json/document.hpp"

namespace plimsoll::webhook {

/// What the API server tells besides the object.
struct Request {
  std::string operation = "CREATE";
  /// Of objects that name no namespace themselves.
  std::string name_space = "default";
  /// Empty: the object's own.
  std::string name = {};
  std::string sub_resource = {};
  std::string user = {};
  std::vector<std::string> groups = {};
  enum class Effect { Persisted, DryRun } effect = Effect::Persisted;
  admission::Route route = admission::Route::Mutate;
};

/// The uid of every review that is made here: nothing may depend on it.
inline constexpr std::string_view kReviewUid = "00000000-0000-4000-8000-000000000000";

/// The body that the API server would send. `object` has apiVersion and kind.
[[nodiscard]] std::string encode_review(json::View object, const Request& request, admission::Version version);

/// The same as the server has it, once decoded. Errors: those of admission::decode_review().
[[nodiscard]] Result<admission::Review> make_review(json::View object, const Request& request,
                                                    admission::Version version = admission::Version::V1);

}  // namespace plimsoll::webhook
