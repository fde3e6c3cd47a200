// AdmissionReview, v1 and v1beta1: what the API server asks, and how it wants the answer.
//
// Source: k8s.io/apiserver/pkg/admission/plugin/webhook/request/admissionreview.go
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/json/document.hpp"

namespace plimsoll::admission {

enum class Version { V1, V1Beta1 };
enum class Operation {
  Create,
  Update,
  Delete,
  Connect,
  Unknown,  ///< missing, or one that this program does not know: never one to change anything on
};

/// `Create` -> "CREATE".
[[nodiscard]] std::string_view to_text(Operation operation);

struct GroupVersionKind {
  std::string_view group;
  std::string_view version;
  std::string_view kind;
  bool operator==(const GroupVersionKind&) const = default;
};

/// Which path a request came to: one webhook asks for decisions that are carried out, another only for telling; and
/// one says at submit what would go wrong later, and never changes anything.
enum class Route { Mutate, Shadow, Validate, ValidateShadow };

/// "/mutate", "/mutate/shadow", "/validate", "/validate/shadow".
[[nodiscard]] std::string_view to_path(Route route);
/// Nothing for a path that is none of them.
[[nodiscard]] std::optional<Route> find_route(std::string_view path);
[[nodiscard]] constexpr bool is_shadow(Route route) {
  return route == Route::Shadow || route == Route::ValidateShadow;
}
[[nodiscard]] constexpr bool validates(Route route) {
  return route == Route::Validate || route == Route::ValidateShadow;
}

/// One decoded request. Owns the bytes; every view and string_view points into them and survives a move.
/// Threads: reading is safe.
struct Review {
  json::Document document;
  Version version = Version::V1;
  std::string_view uid;
  /// What `object` is: the kind the webhook registered for, not what the user sent.
  GroupVersionKind kind;
  std::string_view name;  ///< empty for generateName
  std::string_view name_space;
  std::string_view sub_resource;
  Operation operation = Operation::Unknown;
  std::string_view user;
  std::vector<std::string_view> groups;
  bool dry_run = false;
  Route route = Route::Mutate;  ///< not in the body: whoever took the request sets it
  json::View object;            ///< missing or null on DELETE
};

/// Decodes a request body.
///
/// Errors: what cannot be answered in AdmissionReview's own terms and so is an HTTP 400: no JSON object, another kind,
/// an unknown apiVersion, no request, no uid. Everything else is a Review: a missing operation or object is for
/// `decide` to answer.
[[nodiscard]] Result<Review> decode_review(std::string body);

/// One cause of a denial, shown by kubectl as `field: message`.
struct Cause {
  std::string reason;  ///< FieldValueInvalid | FieldValueRequired | FieldValueForbidden ...
  std::string field;
  std::string message;
};

/// What is answered, in the API server's terms.
struct Answer {
  Version version = Version::V1;
  std::string uid = {};
  bool allowed = true;
  /// JSON text of the patch; empty: no patch, and then no patchType either.
  std::string patch = {};
  std::vector<std::string> warnings = {};
  /// Keys without a slash, values that do not depend on time or uid.
  std::vector<std::pair<std::string, std::string>> audit_annotations = {};
  /// Of a denial.
  int code = 0;             ///< 403 or 422
  std::string reason = {};  ///< Forbidden | Invalid
  std::string message = {};
  std::string kind_name = {};  ///< details.kind
  std::string object_name = {};
  std::vector<Cause> causes = {};
};

/// The response body. Deterministic.
[[nodiscard]] std::string encode_answer(const Answer& answer);

}  // namespace plimsoll::admission
