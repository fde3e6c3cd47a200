// The reader alone: where the network cuts a request into packets must not matter.
#include "request_reader.hpp"

#include <catch2/catch.hpp>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::http {
namespace {

using State = RequestReader::State;

const std::string kHead = "POST /a?b HTTP/1.1\r\nHost: a\r\nContent-Type: t/s\r\n";
const std::string kChunked = kHead + "Transfer-Encoding: chunked\r\n\r\n";

/// Offers the bytes as a session does: what was not taken comes again, with the next piece behind it.
class Feed {
 public:
  void offer(std::string_view piece) {
    if (reader_.state() == State::Complete || reader_.state() == State::Refused) {
      rest_.append(piece);
      return;
    }
    rest_.append(piece);
    rest_.erase(0, reader_.take(rest_));
  }

  [[nodiscard]] std::string outcome() {
    if (reader_.state() == State::Refused) return std::to_string(to_status(reader_.refusal().cause));
    if (reader_.state() != State::Complete) return "incomplete";
    const Request request = reader_.release();
    return request.path + "?" + request.query + " " + request.content_type + " " + request.body + "|" + rest_;
  }

 private:
  Limits limits_{.max_body = 40, .max_header = 120};
  RequestReader reader_{limits_};
  std::string rest_;
};

TEST_CASE("a request comes to the same wherever it is cut in pieces") {
  struct Case {
    std::string request, want;
  };
  const std::vector<Case> cases{
      {kHead + "Content-Length: 3\r\n\r\nabc", "/a?b t/s abc|"},
      {kHead + "Content-Length: 3\r\n\r\nabcGET /next", "/a?b t/s abc|GET /next"},
      {kHead + "\r\n", "/a?b t/s |"},
      {kChunked + "2\r\nab\r\n3;x=1\r\ncde\r\n0\r\n\r\n", "/a?b t/s abcde|"},
      {kChunked + "0\r\n\r\n", "/a?b t/s |"},
      {kChunked + "0\r\n\r\nGET", "/a?b t/s |GET"},
      {kChunked + "000;x=\"y\"\r\n\r\n", "/a?b t/s |"},
      {kChunked + "1\r\nx\r\n0\r\nA: b\r\n\r\n", "/a?b t/s x|"},
      {kChunked + "0\r\nA: b\r\n\r\n", "/a?b t/s |"},
      {kChunked + "1\r\nxy\r\n0\r\n\r\n", "400"},
      {kChunked + "g\r\nxy\r\n0\r\n\r\n", "400"},
      {kChunked + "29\r\nx", "413"},
      {kChunked + "1\r\nx\r\n28\r\nx", "413"},
      {kHead + "Content-Length: 41\r\n\r\n", "413"},
      {kHead + "A: " + std::string(120, 'a') + "\r\n\r\n", "431"},
  };
  for (const Case& c : cases) {
    const std::string_view request = c.request;
    INFO(request);
    for (std::size_t first = 0; first <= request.size(); ++first) {
      for (std::size_t second = first; second <= request.size(); ++second) {
        Feed feed;
        feed.offer(request.substr(0, first));
        feed.offer(request.substr(first, second - first));
        feed.offer(request.substr(second));
        const std::string outcome = feed.outcome();
        if (outcome == c.want) continue;
        INFO("cut at " << first << " and " << second);
        REQUIRE(outcome == c.want);
      }
    }
    Feed bytewise;
    for (const char& byte : request) bytewise.offer({&byte, 1});
    CHECK(bytewise.outcome() == c.want);
  }
}

}  // namespace
}  // namespace plimsoll::http
