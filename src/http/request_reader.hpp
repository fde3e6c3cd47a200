// Bytes in, a request out: framing and limits of HTTP/1.x without a socket, so that the session only has to move bytes.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/http/limits.hpp"
#include "plimsoll/http/message.hpp"
#include "plimsoll/http/server.hpp"

namespace plimsoll::http {

/// Whether a connection outlives an answer, and how the client is told.
enum class Persistence {
  Close,          ///< `Connection: close`
  KeepByDefault,  ///< HTTP/1.1: nothing need be said
  KeepAsked,      ///< HTTP/1.0 asked for it: `Connection: keep-alive`
};

/// Why a request is answered by the server itself.
struct Refusal {
  RefusalCause cause;
  std::string text;
};

/// Reads one request at a time.
class RequestReader {
 public:
  enum class State { Head, Body, Complete, Refused };

  explicit RequestReader(const Limits& limits) : limits_(limits) { restart(); }

  /// Forgets the last request and awaits the next.
  void restart();

  /// Takes what it can use of `bytes` and returns how much that was. What is left is either the beginning of something
  /// that must be seen whole, to be offered again with more behind it, or belongs to the next request.
  std::size_t take(std::string_view bytes);

  [[nodiscard]] State state() const noexcept { return state_; }

  /// Requires: Refused.
  [[nodiscard]] const Refusal& refusal() const noexcept { return *refusal_; }

  // Of these each Requires: Body or Complete.
  [[nodiscard]] bool expects_continue() const noexcept { return expects_continue_; }
  [[nodiscard]] Persistence persistence() const noexcept { return persistence_; }
  [[nodiscard]] bool is_head_method() const noexcept { return request_.method == "HEAD"; }
  [[nodiscard]] std::string_view query() const noexcept { return request_.query; }
  /// How much of the body is here.
  [[nodiscard]] std::size_t held() const { return parser_->get().body().size(); }
  /// How large the whole body will be, as far as it can be known.
  [[nodiscard]] std::size_t body_size() const;
  /// How much is still to come; nothing when only the end will tell.
  [[nodiscard]] std::optional<std::uint64_t> rest() const;

  /// Moves the request out, all but what only the session knows.
  /// Requires: Complete.
  [[nodiscard]] Request release();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  std::size_t take_head(std::string_view bytes);
  std::size_t take_body(std::string_view bytes);
  void check_head(std::string_view bytes);
  void keep_head();
  void refuse(RefusalCause cause, std::string text);
  void refuse(boost::beast::error_code error);

  const Limits& limits_;
  std::optional<Parser> parser_;
  State state_ = State::Head;
  std::optional<Refusal> refusal_;
  // What a head says is kept when it ends: Beast would add the trailers of a chunked body to it.
  Request request_;
  Persistence persistence_ = Persistence::Close;
  bool expects_continue_ = false;
  std::size_t head_taken_ = 0;
  std::size_t body_taken_ = 0;
};

}  // namespace plimsoll::http
