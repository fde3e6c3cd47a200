#include "response_writer.hpp"

#include <array>
#include <boost/beast/http/status.hpp>

namespace plimsoll::http {

std::string_view DateText::at(std::time_t now) {
  if (now != formatted_) {
    std::tm fields{};
    gmtime_r(&now, &fields);
    std::array<char, 32> buffer{};
    // The program never leaves the "C" locale, in which the names are those of RFC 9110, 5.6.7.
    text_.assign(buffer.data(), std::strftime(buffer.data(), buffer.size(), "%a, %d %b %Y %H:%M:%S GMT", &fields));
    formatted_ = now;
  }
  return text_;
}

void append_response(std::string& out, const Response& response, Persistence persistence, BodyUse body_use,
                     std::string_view date) {
  const auto reason = boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(response.status));
  out.append("HTTP/1.1 ").append(std::to_string(response.status)).append(" ").append(reason.data(), reason.size());
  out.append("\r\nDate: ").append(date);
  if (!response.content_type.empty()) out.append("\r\nContent-Type: ").append(response.content_type);
  for (const auto& [name, value] : response.headers) out.append("\r\n").append(name).append(": ").append(value);
  out.append("\r\nContent-Length: ").append(std::to_string(response.body.size()));
  if (persistence == Persistence::Close) out.append("\r\nConnection: close");
  if (persistence == Persistence::KeepAsked) out.append("\r\nConnection: keep-alive");
  out.append("\r\n\r\n");
  if (body_use == BodyUse::Sent) out.append(response.body);
}

}  // namespace plimsoll::http
