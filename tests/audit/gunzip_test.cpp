#include "plimsoll/audit/gunzip.hpp"

#include <zlib.h>

#include <catch2/catch.hpp>
#include <string>

namespace plimsoll::audit {
namespace {

std::string gzip(const std::string& text) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

/// What comes out when `packed` comes in pieces; or the message of the error.
std::string gunzip(std::string_view packed, std::size_t piece) {
  Gunzip gunzip;
  std::string text;
  while (!packed.empty()) {
    gunzip.feed(packed.substr(0, piece));
    packed.remove_prefix(std::min(piece, packed.size()));
    while (true) {
      const auto unpacked = gunzip.read();
      if (!unpacked) return unpacked.error().message;
      if (unpacked->empty()) break;
      CHECK(unpacked->size() <= 64 * 1024);
      text += *unpacked;
    }
  }
  const auto finished = gunzip.finish();
  return finished ? text : finished.error().message;
}

TEST_CASE("what was packed is unpacked, however it comes") {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += "line " + std::to_string(i * 7919 % 10007) + "\n";
  const std::string packed = gzip(text);
  for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{1000}, packed.size()}) {
    INFO("pieces of " << piece);
    CHECK(gunzip(packed, piece) == text);
    CHECK(gunzip(gzip("a\n") + gzip("") + gzip("b\n"), piece) == "a\nb\n");
    CHECK(gunzip(gzip("a\n") + std::string(700, '\0') + gzip("b\n") + std::string(700, '\0'), piece) == "a\nb\n");
  }
  CHECK(is_gzip(packed));
  CHECK_FALSE(is_gzip("\x1f"));
  CHECK_FALSE(is_gzip("{}"));
}

TEST_CASE("a file that unpacks to a thousand times its size comes in pieces as small as others") {
  const std::string text(50'000'000, 'a');
  CHECK(gunzip(gzip(text), 1'000'000) == text);
}

TEST_CASE("what is cut off, damaged or no gzip is an error") {
  const std::string packed = gzip("some text that is packed\n");
  std::string damaged = packed;
  damaged[15] = static_cast<char>(damaged[15] ^ 0x55);
  std::string wrong_sum = packed;
  wrong_sum[packed.size() - 6] = static_cast<char>(wrong_sum[packed.size() - 6] ^ 1);
  struct Case {
    std::string packed;
    std::string want;
  };
  const Case cases[] = {
      {packed.substr(0, packed.size() - 1), "the gzip file is cut off"},
      {packed.substr(0, 1), "the gzip file is cut off"},
      {packed.substr(0, 12), "the gzip file is cut off"},
      {packed + packed.substr(0, 12), "the gzip file is cut off"},
      {"", "the gzip file is cut off"},
      {damaged, "the gzip file is damaged: "},
      {wrong_sum, "the gzip file is damaged: incorrect data check"},
      {packed + "trailing", "the gzip file is damaged: incorrect header check"},
      {"no gzip at all", "the gzip file is damaged: incorrect header check"},
  };
  for (const Case& c : cases) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{100'000}}) {
      CHECK_THAT(gunzip(c.packed, piece), Catch::StartsWith(c.want));
    }
  }
}

}  // namespace
}  // namespace plimsoll::audit
