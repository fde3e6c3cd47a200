#include "webhook/output/stream.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <thread>

using namespace plimsoll::webhook;

TEST_CASE("output that somebody made non-blocking is written whole") {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  ::fcntl(pipe[1], F_SETFL, O_NONBLOCK);
  const std::string text(1'000'000, 'x');
  std::size_t received = 0;
  std::thread reader([&] {
    std::array<char, 4096> piece{};
    for (ssize_t count = 0; (count = ::read(pipe[0], piece.data(), piece.size())) > 0;)
      received += static_cast<std::size_t>(count);
  });
  CHECK(write_all(pipe[1], text) == 0);
  ::close(pipe[1]);
  reader.join();
  ::close(pipe[0]);
  CHECK(received == text.size());
}
