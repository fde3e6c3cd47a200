#include "webhook/compose/connection_log.hpp"

#include <string_view>

#include "plimsoll/telemetry/log.hpp"

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

// What one client does wrong is for whoever looks closer; what the machine lacks is for everybody.
Level level_of(http::Trouble trouble) {
  switch (trouble) {
    case http::Trouble::TooManyConnections:
    case http::Trouble::AcceptFailed:
      return Level::Warning;
    case http::Trouble::HandlerThrew:
      return Level::Error;
    default:
      return Level::Debug;
  }
}

}  // namespace

http::Events log_trouble() {
  return {.on_trouble = [](http::Trouble trouble, std::string_view peer, std::string_view text) {
    telemetry::log(level_of(trouble), to_text(trouble), {{"peer", peer}, {"why", text}});
  }};
}

}  // namespace plimsoll::webhook
