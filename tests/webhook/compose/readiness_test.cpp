#include "webhook/compose/readiness.hpp"

#include <catch2/catch.hpp>

#include "webhook/compose/certificates.hpp"

using namespace plimsoll;
using namespace plimsoll::webhook;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint kFrom{1'000'000s};
constexpr TimePoint kUntil{2'000'000s};

}  // namespace

TEST_CASE("ready means that every check holds") {
  bool holds = true;
  Readiness readiness;
  readiness.add("first", [] { return Finding{}; });
  readiness.add("second", [&] { return Finding{.holds = holds, .detail = "because"}; });
  CHECK(readiness.answer("").status == 200);
  CHECK(readiness.answer("").body == "ok\n");
  CHECK(readiness.answer("verbose").body ==
        "[+]shutdown ok\n[+]first ok\n[+]second ok: because\nreadyz check passed\n");
  CHECK(readiness.answer("a=b&verbose=1").body.starts_with("[+]shutdown ok\n"));
  CHECK(readiness.answer("verbosely").body == "ok\n");

  holds = false;
  CHECK(readiness.answer("").status == 503);
  CHECK(readiness.answer("").body == "[+]shutdown ok\n[+]first ok\n[-]second: because\nreadyz check failed\n");

  holds = true;
  readiness.begin_shutdown();
  CHECK(readiness.answer("").status == 503);
  CHECK(readiness.answer("").body.starts_with("[-]shutdown: shutting down\n"));
}

TEST_CASE("a certificate is judged by its time, and by whether its files are known") {
  struct Case {
    const char* name;
    CertificateStanding standing;
    TimePoint now;
    Finding want;
  };
  const Case cases[] = {
      {"valid", {kFrom, kUntil, 0ms, ""}, kFrom + 1h, {true, "valid until 1970-01-24T03:33:20Z"}},
      {"just begun", {kFrom, kUntil, 0ms, ""}, kFrom, {true, "valid until 1970-01-24T03:33:20Z"}},
      {"not yet", {kFrom, kUntil, 0ms, ""}, kFrom - 1ms, {false, "not valid before 1970-01-12T13:46:40Z"}},
      {"to the last moment", {kFrom, kUntil, 0ms, ""}, kUntil - 1ms, {true, "valid until 1970-01-24T03:33:20Z"}},
      {"over", {kFrom, kUntil, 0ms, ""}, kUntil, {false, "expired at 1970-01-24T03:33:20Z"}},
      {"read lately", {kFrom, kUntil, 30s, ""}, kFrom, {true, "valid until 1970-01-24T03:33:20Z"}},
      {"not read for long",
       {kFrom, kUntil, 31s, ""},
       kFrom,
       {false, "its files were last read 31 s ago: what they hold is not known"}},
      {"a bad pair on disk takes no good server out of rotation",
       {kFrom, kUntil, 0ms, "tls.key: is not the key"},
       kFrom,
       {true, "valid until 1970-01-24T03:33:20Z; what is on disk is refused: tls.key: is not the key"}},
  };
  for (const Case& each : cases) {
    CAPTURE(each.name);
    const Finding found = judge(each.standing, each.now);
    CHECK(found.holds == each.want.holds);
    CHECK(found.detail == each.want.detail);
  }
}
