#include "webhook/compose/connection_log.hpp"

#include <memory>
#include <string_view>

#include "plimsoll/telemetry/log.hpp"
#include "webhook/compose/line_limit.hpp"

namespace plimsoll::webhook {
namespace {

using telemetry::Level;

std::string_view to_text(http::Trouble trouble) {
  switch (trouble) {
    case http::Trouble::TooManyConnections:
      return "too many connections";
    case http::Trouble::AcceptFailed:
      return "accept failed";
    case http::Trouble::HandshakeFailed:
      return "TLS handshake failed";
    case http::Trouble::RequestRefused:
      return "request refused";
    case http::Trouble::ConnectionLost:
      return "connection lost";
    case http::Trouble::HandlerThrew:
      return "handler failed";
  }
  return "";
}

// What one client does wrong is for whoever looks closer; what the machine lacks is for everybody. So is a handshake
// that fails: most often the caBundle is wrong, and under `failurePolicy: Ignore` nobody else will tell.
Level level_of(http::Trouble trouble) {
  switch (trouble) {
    case http::Trouble::TooManyConnections:
    case http::Trouble::AcceptFailed:
    case http::Trouble::HandshakeFailed:
      return Level::Warning;
    case http::Trouble::HandlerThrew:
      return Level::Error;
    default:
      return Level::Debug;
  }
}

// Why a handshake fails is one of OpenSSL's words, and a scanner must not hide that the API server does not trust us.
std::string_view cause_of(http::Trouble trouble, std::string_view text) {
  return trouble == http::Trouble::HandshakeFailed ? text : to_text(trouble);
}

}  // namespace

http::Events log_trouble() {
  const auto limit = std::make_shared<LineLimit>();
  return {.on_trouble = [limit](http::Trouble trouble, std::string_view peer, std::string_view text) {
    const auto kept_back = limit->pass(cause_of(trouble, text), std::chrono::steady_clock::now());
    if (!kept_back) return;
    telemetry::log(level_of(trouble), to_text(trouble), {{"peer", peer}, {"why", text}, {"suppressed", *kept_back}});
  }};
}

}  // namespace plimsoll::webhook
