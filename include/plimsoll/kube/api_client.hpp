// The few calls of the Kubernetes API that Plimsoll makes, each on one object that is named.
//
// Everybody else writes too, so nothing is ever overwritten blindly: a patch names the version that was read, or begins
// with a test of it, and losing such a race is an answer (Conflict, Invalid) on which the caller reads again. A call
// that failed is repeated with exponential back-off and full jitter, until its deadline, where repeating cannot do
// harm: a read always; a write only when it was certainly not obeyed.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"
#include "plimsoll/http/client.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/kube/connection.hpp"

namespace plimsoll::kube {

/// Why the API server did not do what it was asked.
struct ApiError {
  enum class Kind {
    NotFound,
    Conflict,         ///< somebody wrote since, or the object that was to be created exists: read again
    Invalid,          ///< it makes no sense there; of a JSON patch also: a `test` did not hold
    Gone,             ///< that version is too old to be asked for
    TooManyRequests,  ///< still, at the deadline
    Unauthorized,     ///< it does not know who is asking, also not with the newest token
    Forbidden,
    Refused,      ///< another 4xx
    Failed,       ///< 5xx; a write may have been obeyed all the same
    Unreachable,  ///< no answer; a write may have been obeyed all the same
    Unusable,     ///< nothing was asked: the credentials cannot be read, or the server is not trusted
    Cancelled,
  };
  Kind kind;
  /// Says what was asked of which object, and what the API server had to say.
  std::string message;
};

template <class T>
using ApiResult = Result<T, ApiError>;

/// Where one object lives: the path of all of its kind, and its name.
struct ObjectPath {
  std::string collection;
  std::string name;
};

/// `resource`: mutatingwebhookconfigurations or validatingwebhookconfigurations.
[[nodiscard]] ObjectPath webhook_configuration(std::string_view resource, std::string_view name);
[[nodiscard]] ObjectPath secret(std::string_view name_space, std::string_view name);

enum class PatchType {
  Json,   ///< RFC 6902
  Merge,  ///< RFC 7396
};

/// What a call's course depends on besides the API server; what is left empty is the real thing.
struct Surroundings {
  std::function<std::chrono::steady_clock::time_point()> now = {};
  /// Waits; false when it was woken early because the client was cancelled.
  std::function<bool(std::chrono::milliseconds)> sleep = {};
  /// A number in [0, 1).
  std::function<double()> random = {};
};

struct ApiLimits {
  /// After this, a call that failed is not begun again.
  std::chrono::milliseconds deadline{30'000};
  http::ClientLimits http = {.connect_timeout = std::chrono::seconds(5), .read_timeout = std::chrono::seconds(15)};
};

/// Threads: one at a time, but for cancel().
class ApiClient {
 public:
  explicit ApiClient(Connection connection, ApiLimits limits = {}, Surroundings surroundings = {});
  ApiClient(ApiClient&&) noexcept;
  ApiClient& operator=(ApiClient&&) noexcept;
  ~ApiClient();

  [[nodiscard]] ApiResult<json::Document> read(const ObjectPath& path);

  /// Errors: Conflict when it exists.
  [[nodiscard]] ApiResult<json::Document> create(const ObjectPath& path, std::string object);

  /// Errors: Invalid when a `test` of a JSON patch does not hold.
  [[nodiscard]] ApiResult<json::Document> patch(const ObjectPath& path, PatchType type, std::string patch);

  /// Ends the call that is under way, and every later one.
  /// Threads: any.
  void cancel() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll::kube
