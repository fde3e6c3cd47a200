#include "plimsoll/kube/api_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <random>
#include <utility>

#include "plimsoll/base/text.hpp"
#include "plimsoll/tls/client_context.hpp"
#include "plimsoll/tls/identity.hpp"
#include "retry.hpp"

namespace plimsoll::kube {
namespace {

using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;
using Kind = ApiError::Kind;
using Failure = http::CallFailure::Kind;

// The kubelet replaces a token when four fifths of its life are over, and the shortest life is ten minutes.
// Source: client-go's cached token source reads the file again after a minute.
constexpr std::chrono::minutes kTokenAge{1};

// No API server asks for more, and it would not fit where it is multiplied.
constexpr std::int64_t kLongestRetryAfterSeconds = 3600;

// Longer than any message of the API server that a person would read to the end.
constexpr std::size_t kMessageLimit = 512;

// So that managedFields names who wrote a field.
constexpr std::string_view kFieldManager = "?fieldManager=plimsoll";

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/// One segment of a path (RFC 3986, 2.1): a name from a configuration never becomes another path.
std::string encode_segment(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return out;
}

Kind kind_of(unsigned status) {
  switch (status) {
    case 401:
      return Kind::Unauthorized;
    case 403:
      return Kind::Forbidden;
    case 404:
      return Kind::NotFound;
    case 409:
      return Kind::Conflict;
    case 410:
      return Kind::Gone;
    case 422:
      return Kind::Invalid;
    case 429:
      return Kind::TooManyRequests;
    default:
      return status >= 500 ? Kind::Failed : Kind::Refused;
  }
}

Setback::Kind setback_of(Kind kind) {
  if (kind == Kind::TooManyRequests) return Setback::Kind::TurnedAway;
  return kind == Kind::Failed ? Setback::Kind::Unclear : Setback::Kind::Final;
}

Setback::Kind setback_of(Failure kind) {
  switch (kind) {
    case Failure::NotConnected:
      return Setback::Kind::NotSent;
    case Failure::Interrupted:
      return Setback::Kind::Unclear;
    default:
      return Setback::Kind::Final;
  }
}

/// RFC 9110, 10.2.3, in seconds, as the API server writes it.
std::optional<milliseconds> parse_retry_after(std::string_view text) {
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc() || end != text.data() + text.size() || seconds < 0) return std::nullopt;
  return std::chrono::seconds(std::min(seconds, kLongestRetryAfterSeconds));
}

/// What the API server says of a failure, in a Status object; else the beginning of whatever it sent.
std::string describe(const http::ClientResponse& response) {
  const Result<json::Document> body = json::Document::parse(response.body);
  const auto message = body ? body->root()["message"].text() : std::nullopt;
  return fmt::format("{} {}", response.status, to_display(message ? *message : response.body, kMessageLimit));
}

std::string_view to_content_type(PatchType type) {
  return type == PatchType::Json ? "application/json-patch+json" : "application/merge-patch+json";
}

std::string without_space_at_ends(std::string text) {
  constexpr const char* kSpace = " \t\r\n";
  text.erase(text.find_last_not_of(kSpace) + 1);
  text.erase(0, std::min(text.find_first_not_of(kSpace), text.size()));
  return text;
}

}  // namespace

ObjectPath webhook_configuration(std::string_view resource, std::string_view name) {
  return {"/apis/admissionregistration.k8s.io/v1/" + std::string(resource), std::string(name)};
}

ObjectPath secret(std::string_view name_space, std::string_view name) {
  return {"/api/v1/namespaces/" + encode_segment(name_space) + "/secrets", std::string(name)};
}

struct ApiClient::Impl {
  Impl(Connection whom, ApiLimits bounds, Surroundings around)
      : connection(std::move(whom)), limits(bounds), surroundings(std::move(around)) {
    if (!surroundings.now) surroundings.now = [] { return std::chrono::steady_clock::now(); };
    if (!surroundings.sleep) surroundings.sleep = [this](milliseconds time) { return sleep(time); };
    if (!surroundings.random)
      surroundings.random = [engine = std::minstd_rand(std::random_device{}())]() mutable {
        return std::uniform_real_distribution<double>(0, 1)(engine);
      };
  }

  /// One attempt that failed.
  struct Attempt {
    ApiError error;
    Setback setback;
  };

  Connection connection;
  ApiLimits limits;
  Surroundings surroundings;
  std::string token;
  std::optional<SteadyTime> token_read;  // nothing: read it before the next attempt

  // What cancel() meets on another thread.
  std::mutex mutex;
  std::condition_variable woken;
  bool cancelled = false;
  std::optional<http::Client> client;  // changed under the mutex, used without

  bool sleep(milliseconds time) {
    std::unique_lock lock(mutex);
    return !woken.wait_for(lock, time, [this] { return cancelled; });
  }

  bool is_cancelled() {
    const std::lock_guard lock(mutex);
    return cancelled;
  }

  /// From here on a new connection is made with what the files then hold.
  void disconnect() {
    const std::lock_guard lock(mutex);
    client.reset();
  }

  Result<void> connect() {
    PLIMSOLL_TRY(authority, load_text(connection.authority));
    std::optional<tls::Identity> identity;
    if (!connection.certificate.is_empty()) {
      PLIMSOLL_TRY(certificate, load_text(connection.certificate));
      PLIMSOLL_TRY(key, load_text(connection.key));
      const auto name_of = [](const Source& source, std::string_view otherwise) {
        return source.file.empty() ? std::string(otherwise) : source.file;
      };
      PLIMSOLL_TRY(parsed, tls::parse_identity(certificate, key,
                                               {name_of(connection.certificate, "client-certificate-data"),
                                                name_of(connection.key, "client-key-data")}));
      identity = parsed;
    }
    auto context = tls::make_client_context(authority, identity);
    if (!context) return fail(context.error().code, context.error().message, connection.authority.file);
    const std::lock_guard lock(mutex);
    client.emplace(http::Origin{connection.host, connection.port, *context, connection.server_name}, limits.http);
    if (cancelled) client->cancel();
    return {};
  }

  Result<void> refresh_token() {
    if (connection.token.is_empty()) return {};
    const SteadyTime now = surroundings.now();
    if (token_read && now - *token_read < kTokenAge) return {};
    PLIMSOLL_TRY(text, load_text(connection.token));
    text = without_space_at_ends(std::move(text));
    const bool is_sendable = std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
    if (text.empty() || !is_sendable)
      return fail(ErrorCode::Invalid, text.empty() ? "holds no token" : "holds what is no token",
                  connection.token.file);
    token = std::move(text);
    token_read = now;
    return {};
  }

  Result<json::Document, Attempt> attempt(http::ClientRequest& request) {
    const auto failed = [](Kind kind, std::string message, Setback setback) {
      return Unexpected{Attempt{{kind, std::move(message)}, setback}};
    };
    Result<void> ready = refresh_token();
    if (ready && !client) ready = connect();
    if (!ready) {
      const Error& error = ready.error();
      return failed(Kind::Unusable, error.where.empty() ? error.message : error.where + " " + error.message, {});
    }
    std::erase_if(request.headers, [](const auto& header) { return header.first == "Authorization"; });
    if (!token.empty()) request.headers.emplace_back("Authorization", "Bearer " + token);

    const auto response = client->send(request);
    if (!response) {
      const http::CallFailure& failure = response.error();
      disconnect();
      if (failure.kind == Failure::Cancelled) return failed(Kind::Cancelled, failure.message, {});
      const Kind kind = failure.kind == Failure::Untrusted ? Kind::Unusable : Kind::Unreachable;
      return failed(kind, failure.message, {setback_of(failure.kind)});
    }
    if (response->status < 200 || response->status >= 300) {
      const Kind kind = kind_of(response->status);
      return failed(kind, describe(*response), {setback_of(kind), parse_retry_after(response->header("Retry-After"))});
    }
    Result<json::Document> body = json::Document::parse(response->body);
    if (!body) return failed(Kind::Failed, "the answer is no JSON: " + body.error().message, {});
    return std::move(*body);
  }

  ApiResult<json::Document> call(http::ClientRequest request, const ObjectPath& path) {
    request.headers.emplace_back("Accept", "application/json");
    request.headers.emplace_back("User-Agent", "plimsoll");
    request.target = connection.base_path + request.target;
    const SteadyTime begun = surroundings.now();
    Course course{.effect = request.method == "GET" ? Effect::Reads : Effect::Writes, .deadline = limits.deadline};
    bool has_newest_token = false;
    while (true) {
      auto outcome = attempt(request);
      if (outcome) return std::move(*outcome);
      ApiError& error = outcome.error().error;
      const std::string_view kind = std::string_view(path.collection).substr(path.collection.rfind('/') + 1);
      error.message = fmt::format("{} {} {}: {}", request.method, kind, to_display(path.name, 253), error.message);

      // Whoever is not known has done nothing: with the newest token and certificate it is another attempt.
      if (error.kind == Kind::Unauthorized && !has_newest_token) {
        has_newest_token = true;
        token_read.reset();
        disconnect();
        continue;
      }
      course.elapsed = std::chrono::duration_cast<milliseconds>(surroundings.now() - begun);
      course.random = surroundings.random();
      const auto delay = next_delay(outcome.error().setback, course);
      if (!delay) return Unexpected{std::move(error)};
      if (!surroundings.sleep(*delay) || is_cancelled()) return Unexpected{ApiError{Kind::Cancelled, "cancelled"}};
      ++course.failures;
    }
  }
};

ApiClient::ApiClient(Connection connection, ApiLimits limits, Surroundings surroundings)
    : impl_(std::make_unique<Impl>(std::move(connection), limits, std::move(surroundings))) {}
ApiClient::ApiClient(ApiClient&&) noexcept = default;
ApiClient& ApiClient::operator=(ApiClient&&) noexcept = default;
ApiClient::~ApiClient() = default;

ApiResult<json::Document> ApiClient::read(const ObjectPath& path) {
  return impl_->call({.method = "GET", .target = path.collection + "/" + encode_segment(path.name)}, path);
}

ApiResult<json::Document> ApiClient::create(const ObjectPath& path, std::string object) {
  return impl_->call({.method = "POST",
                      .target = path.collection + std::string(kFieldManager),
                      .headers = {{"Content-Type", "application/json"}},
                      .body = std::move(object)},
                     path);
}

ApiResult<json::Document> ApiClient::patch(const ObjectPath& path, PatchType type, std::string patch) {
  return impl_->call({.method = "PATCH",
                      .target = path.collection + "/" + encode_segment(path.name) + std::string(kFieldManager),
                      .headers = {{"Content-Type", std::string(to_content_type(type))}},
                      .body = std::move(patch)},
                     path);
}

void ApiClient::cancel() noexcept {
  const std::lock_guard lock(impl_->mutex);
  impl_->cancelled = true;
  impl_->woken.notify_all();
  if (impl_->client) impl_->client->cancel();
}

}  // namespace plimsoll::kube
