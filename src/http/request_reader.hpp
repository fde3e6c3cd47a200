// Bytes in, a request out: framing and limits of HTTP/1.x without a socket, so that the session only has to move bytes.
#pragma once

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/http/limits.hpp"
#include "plimsoll/http/message.hpp"

namespace plimsoll::http {

/// Whether a connection outlives an answer, and how the client is told.
enum class Persistence {
  Close,          ///< `Connection: close`
  KeepByDefault,  ///< HTTP/1.1: nothing need be said
  KeepAsked,      ///< HTTP/1.0 asked for it: `Connection: keep-alive`
};

/// Why a request is answered by the server itself.
struct Refusal {
  unsigned status;
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

  /// Requires: the head is complete.
  [[nodiscard]] bool expects_continue() const noexcept { return expects_continue_; }

  /// Requires: Refused.
  [[nodiscard]] const Refusal& refusal() const noexcept { return *refusal_; }

  /// Requires: Complete. What the client asks for.
  [[nodiscard]] Persistence persistence() const;
  /// Requires: Complete.
  [[nodiscard]] bool is_head_method() const;
  /// Moves the request out, all but what only the session knows.
  /// Requires: Complete; persistence() and is_head_method() are asked before.
  [[nodiscard]] Request release();

 private:
  using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;

  void refuse(unsigned status, std::string text);
  void refuse(boost::beast::error_code error);
  void check_head();

  const Limits& limits_;
  std::optional<Parser> parser_;
  State state_ = State::Head;
  std::optional<Refusal> refusal_;
  bool expects_continue_ = false;
};

}  // namespace plimsoll::http
