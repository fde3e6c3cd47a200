#include "webhook/refusals.hpp"

#include <fmt/format.h>

#include <utility>

#include "plimsoll/base/text.hpp"

namespace plimsoll::webhook {

http::Response refuse(unsigned status, std::string why) {
  why += '\n';
  return {.status = status, .content_type = kPlainText, .body = std::move(why)};
}

http::Response refuse_path(const http::Request& request, const std::string& known) {
  return refuse(404, fmt::format("there is nothing at {}: use {}", to_display(request.path), known));
}

http::Response refuse_method(const http::Request& request, std::string allowed) {
  http::Response response =
      refuse(405, fmt::format("{} is not allowed here: use {}", to_display(request.method), allowed));
  response.headers.emplace_back("Allow", std::move(allowed));
  return response;
}

}  // namespace plimsoll::webhook
