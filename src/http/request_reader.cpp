#include "request_reader.hpp"

#include <boost/asio/buffer.hpp>
#include <utility>

namespace plimsoll::http {
namespace beast = boost::beast;
using beast::http::error;
using beast::http::field;

namespace {

// RFC 9112, 3.2.2: a client may name the host once more, in the target; then what follows the host is the path.
std::string_view to_origin_form(std::string_view target) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (target.size() < scheme.size() || !beast::iequals(target.substr(0, scheme.size()), scheme)) continue;
    const std::size_t path = target.find_first_of("/?", scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
  }
  return target;
}

}  // namespace

void RequestReader::restart() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(limits_.max_header));
  parser_->body_limit(limits_.max_body);
  state_ = State::Head;
  refusal_.reset();
  expects_continue_ = false;
  head_taken_ = 0;
  body_taken_ = 0;
}

std::size_t RequestReader::take(std::string_view bytes) {
  std::size_t used = 0;
  if (state_ == State::Head) used = take_head(bytes);
  if (state_ == State::Body) used += take_body(bytes.substr(used));
  return used;
}

std::size_t RequestReader::take_head(std::string_view bytes) {
  beast::error_code ec;
  const std::size_t used = parser_->put(boost::asio::buffer(bytes), ec);
  head_taken_ += used;
  if (ec && ec != error::need_more) {
    refuse(ec);
  } else if (head_taken_ > 2 * limits_.max_header) {
    // Beast holds to the limit what it sees at once; fields that come one by one are seen one by one.
    refuse(error::header_limit);
  } else {
    check_head(bytes.substr(0, used));
  }
  return used;
}

std::size_t RequestReader::take_body(std::string_view bytes) {
  // Beast 1.81 aborts the program when the end of an empty chunked body comes as "0\r\n", then "\r" alone: an assertion
  // forgets that no chunk came before. Nothing is lost by waiting, as a chunked body always ends with these bytes.
  constexpr std::string_view kChunkedEnd = "0\r\n\r\n";
  if (bytes.empty()) return 0;
  const bool may_be_end = bytes.front() == '0' || (bytes.front() == '\r' && body_taken_ > 0);
  if (parser_->chunked() && may_be_end && bytes.size() < kChunkedEnd.size()) return 0;

  beast::error_code ec;
  const std::size_t used = parser_->put(boost::asio::buffer(bytes), ec);
  body_taken_ += used;
  if (ec && ec != error::need_more) {
    refuse(ec);
    return used;
  }
  if (parser_->is_done()) state_ = State::Complete;
  // Extensions and trailers: what is taken as well as what Beast still waits to see whole. A client may send its chunks
  // byte by byte, in which each has five more; four more than that it has no reason for.
  const std::size_t framing = body_taken_ - held() + (used == 0 ? bytes.size() : 0);
  if (parser_->chunked() && framing > limits_.max_header + 9 * held()) refuse(error::header_limit);
  return used;
}

void RequestReader::check_head(std::string_view bytes) {
  using enum RefusalCause;
  // RFC 9112, 5.2: a value that goes on in the next line is read in different ways by different servers.
  if (bytes.find("\r\n ") != std::string_view::npos || bytes.find("\r\n\t") != std::string_view::npos)
    return refuse(Malformed, "a header must not go on in the next line");
  if (!parser_->is_header_done()) return;

  const auto& head = parser_->get();
  const bool is_http11 = head.version() >= 11;

  // RFC 9112, 3.2: a proxy and a server that disagree about the host can be played against each other.
  if (is_http11 && head.count(field::host) != 1) return refuse(Malformed, "HTTP/1.1 needs exactly one Host header");

  // Which of two would count is a matter of taste, and a proxy in between may have another.
  if (head.count(field::authorization) > 1) return refuse(Malformed, "there is more than one Authorization header");

  // RFC 9112, 6.1: only `chunked` is understood, and HTTP/1.0 has no transfer codings.
  if (const auto coding = head.find(field::transfer_encoding); coding != head.end()) {
    if (!is_http11) return refuse(Malformed, "HTTP/1.0 has no Transfer-Encoding");
    if (head.count(field::transfer_encoding) != 1) return refuse(Malformed, "there is more than one Transfer-Encoding");
    if (!beast::iequals(coding->value(), "chunked"))
      return refuse(UnknownCoding, "the only Transfer-Encoding served is chunked");
  }
  // RFC 9112, 6.3: lengths in a list, or one that is said twice, is where smuggling begins.
  if (const auto length = head.find(field::content_length); length != head.end()) {
    if (head.count(field::content_length) != 1 || length->value().find(',') != beast::string_view::npos)
      return refuse(Malformed, "there is more than one Content-Length");
  }

  if (const auto expected = head.find(field::expect); is_http11 && expected != head.end()) {
    if (!beast::iequals(expected->value(), "100-continue"))
      return refuse(UnknownExpectation, "the only expectation served is 100-continue");
    expects_continue_ = true;
  }
  keep_head();
}

void RequestReader::keep_head() {
  const auto& head = parser_->get();
  const std::string_view target = to_origin_form({head.target().data(), head.target().size()});
  const std::size_t mark = target.find('?');
  request_ = {};
  request_.method = std::string(head.method_string());
  request_.path = mark == 0 ? "/" : std::string(target.substr(0, mark));
  if (mark != std::string_view::npos) request_.query = std::string(target.substr(mark + 1));
  request_.content_type = std::string(head[field::content_type]);
  request_.authorization = std::string(head[field::authorization]);
  persistence_ = !head.keep_alive()     ? Persistence::Close
                 : head.version() >= 11 ? Persistence::KeepByDefault
                                        : Persistence::KeepAsked;
  state_ = parser_->is_done() ? State::Complete : State::Body;
  parser_->eager(true);
}

void RequestReader::refuse(beast::error_code ec) {
  using enum RefusalCause;
  if (ec == error::header_limit)
    return refuse(HeadTooLarge,
                  "the head of the request is larger than " + std::to_string(limits_.max_header) + " bytes");
  if (ec == error::body_limit)
    return refuse(BodyTooLarge, "the body is larger than " + std::to_string(limits_.max_body) + " bytes");
  refuse(Malformed, "malformed request: " + ec.message());
}

void RequestReader::refuse(RefusalCause cause, std::string text) {
  state_ = State::Refused;
  refusal_ = Refusal{cause, std::move(text)};
}

std::size_t RequestReader::body_size() const {
  return held() + static_cast<std::size_t>(rest().value_or(0));
}

std::optional<std::uint64_t> RequestReader::rest() const {
  if (state_ == State::Complete) return 0;
  if (const auto rest = parser_->content_length_remaining()) return *rest;
  return std::nullopt;
}

Request RequestReader::release() {
  request_.body = std::move(parser_->get().body());
  return std::move(request_);
}

}  // namespace plimsoll::http
