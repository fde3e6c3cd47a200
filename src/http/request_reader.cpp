#include "request_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <utility>

namespace plimsoll::http {
namespace beast = boost::beast;
using beast::http::error;
using beast::http::field;

void RequestReader::restart() {
  parser_.emplace();
  parser_->eager(true);
  parser_->header_limit(static_cast<std::uint32_t>(limits_.max_header));
  parser_->body_limit(limits_.max_body);
  state_ = State::Head;
  refusal_.reset();
  expects_continue_ = false;
}

std::size_t RequestReader::take(std::string_view bytes) {
  // Beast 1.81 aborts the program when the end of an empty chunked body comes as "0\r\n", then "\r" alone: an assertion
  // forgets that no chunk came before. Nothing is lost by waiting, as a chunked body always ends with these bytes.
  constexpr std::string_view kChunkedEnd = "0\r\n\r\n";
  if (state_ == State::Body && parser_->chunked() && bytes.size() < kChunkedEnd.size()) return 0;

  beast::error_code ec;
  const std::size_t used = parser_->put(boost::asio::buffer(bytes), ec);
  if (ec && ec != error::need_more) {
    refuse(ec);
    return used;
  }
  if (state_ == State::Head && parser_->is_header_done()) {
    state_ = State::Body;
    check_head();
  }
  if (state_ == State::Body && parser_->is_done()) state_ = State::Complete;
  // Beast waits for the whole line that announces a chunk; without a bound its extension could go on for ever.
  if (state_ == State::Body && used == 0 && bytes.size() > limits_.max_header) refuse(error::header_limit);
  return used;
}

void RequestReader::check_head() {
  const auto& head = parser_->get();
  const bool is_http11 = head.version() >= 11;

  // RFC 9112, 3.2: a proxy and a server that disagree about the host can be played against each other.
  if (is_http11 && head.count(field::host) != 1) return refuse(400, "HTTP/1.1 needs exactly one Host header");

  // Which of two would count is a matter of taste, and a proxy in between may have another.
  if (head.count(field::authorization) > 1) return refuse(400, "there is more than one Authorization header");

  // RFC 9112, 6.1: only `chunked` is understood, and HTTP/1.0 has no transfer codings.
  if (const auto coding = head.find(field::transfer_encoding); coding != head.end()) {
    if (!is_http11) return refuse(400, "HTTP/1.0 has no Transfer-Encoding");
    if (!beast::iequals(coding->value(), "chunked")) return refuse(501, "the only Transfer-Encoding served is chunked");
  }

  if (const auto expected = head.find(field::expect); is_http11 && expected != head.end()) {
    if (!beast::iequals(expected->value(), "100-continue"))
      return refuse(417, "the only expectation served is 100-continue");
    expects_continue_ = true;
  }
}

void RequestReader::refuse(beast::error_code ec) {
  if (ec == error::header_limit)
    return refuse(431, "the head of the request is larger than " + std::to_string(limits_.max_header) + " bytes");
  if (ec == error::body_limit)
    return refuse(413, "the body is larger than " + std::to_string(limits_.max_body) + " bytes");
  refuse(400, "malformed request: " + ec.message());
}

void RequestReader::refuse(unsigned status, std::string text) {
  state_ = State::Refused;
  refusal_ = Refusal{status, std::move(text)};
}

Persistence RequestReader::persistence() const {
  const auto& head = parser_->get();
  if (!head.keep_alive()) return Persistence::Close;
  return head.version() >= 11 ? Persistence::KeepByDefault : Persistence::KeepAsked;
}

bool RequestReader::is_head_method() const {
  return parser_->get().method() == beast::http::verb::head;
}

Request RequestReader::release() {
  auto message = parser_->release();
  const std::string_view target(message.target().data(), message.target().size());
  const std::size_t mark = target.find('?');
  Request request;
  request.method = std::string(message.method_string());
  request.path = std::string(target.substr(0, mark));
  if (mark != std::string_view::npos) request.query = std::string(target.substr(mark + 1));
  request.content_type = std::string(message[field::content_type]);
  request.authorization = std::string(message[field::authorization]);
  request.body = std::move(message.body());
  return request;
}

}  // namespace plimsoll::http
