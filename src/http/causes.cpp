// What causes are called, and what is answered for them.
#include "plimsoll/http/server.hpp"

namespace plimsoll::http {

unsigned to_status(RefusalCause cause) noexcept {
  switch (cause) {
    case RefusalCause::Malformed:
      return 400;
    case RefusalCause::TooSlow:
      return 408;
    case RefusalCause::BodyTooLarge:
      return 413;
    case RefusalCause::UnknownExpectation:
      return 417;
    case RefusalCause::HeadTooLarge:
      return 431;
    case RefusalCause::HandlerThrew:
      return 500;
    case RefusalCause::UnknownCoding:
      return 501;
    case RefusalCause::TooLate:
    case RefusalCause::TooMuchHeld:
      return 503;
  }
  return 500;
}

std::string_view to_text(RefusalCause cause) noexcept {
  switch (cause) {
    case RefusalCause::Malformed:
      return "malformed";
    case RefusalCause::TooSlow:
      return "too_slow";
    case RefusalCause::BodyTooLarge:
      return "body_too_large";
    case RefusalCause::UnknownExpectation:
      return "unknown_expectation";
    case RefusalCause::HeadTooLarge:
      return "head_too_large";
    case RefusalCause::HandlerThrew:
      return "handler_threw";
    case RefusalCause::UnknownCoding:
      return "unknown_coding";
    case RefusalCause::TooLate:
      return "too_late";
    case RefusalCause::TooMuchHeld:
      return "too_much_held";
  }
  return "";
}

std::string_view to_text(CloseCause cause) noexcept {
  switch (cause) {
    case CloseCause::ClientLeft:
      return "client_left";
    case CloseCause::ClientAsked:
      return "client_asked";
    case CloseCause::Lost:
      return "lost";
    case CloseCause::HandshakeFailed:
      return "handshake_failed";
    case CloseCause::Refused:
      return "refused";
    case CloseCause::Idle:
      return "idle";
    case CloseCause::Requests:
      return "requests";
    case CloseCause::Age:
      return "age";
    case CloseCause::MadeRoom:
      return "made_room";
    case CloseCause::TooMany:
      return "too_many";
    case CloseCause::Draining:
      return "draining";
    case CloseCause::Cut:
      return "cut";
  }
  return "";
}

}  // namespace plimsoll::http
