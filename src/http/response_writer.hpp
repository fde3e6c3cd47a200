// A response out, as bytes.
#pragma once

#include <ctime>
#include <string>
#include <string_view>

#include "plimsoll/http/message.hpp"
#include "request_reader.hpp"

namespace plimsoll::http {

/// The value of the Date header, formatted once a second.
///
/// Threads: one owner.
class DateText {
 public:
  [[nodiscard]] std::string_view at(std::time_t now);

 private:
  std::time_t formatted_ = -1;
  std::string text_;
};

/// What follows the head. An answer to HEAD describes the body that GET would have had, and leaves it out.
enum class BodyUse { Sent, Described };

/// Appends status line, headers and body to `out`, in one piece: one write, one TLS record.
void append_response(std::string& out, const Response& response, Persistence persistence, BodyUse body_use,
                     std::string_view date);

}  // namespace plimsoll::http
