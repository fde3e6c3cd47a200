#include "webhook/commands/check.hpp"

#include <catch2/catch.hpp>

#include "webhook/temporary.hpp"

using namespace plimsoll::webhook;

TEST_CASE("a good policy is summed up, a bad one has a line for each problem") {
  const TemporaryDirectory directory;
  const std::string good = directory.write("good.yaml", "apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\n");
  const std::string bad = directory.write(
      "bad.yaml", "apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nmode: off\nresources: {memry: {}}\n");

  const Report ok = check({good});
  CHECK(ok.exit_code == ExitCode::Ok);
  CHECK(ok.out.starts_with(good + ": ok\nEnforced; "));

  const Report report = check({good, bad, "/no/such"});
  CHECK(report.exit_code == ExitCode::Unusable);
  CHECK(report.out.find(bad + ":3:7: mode: ") != std::string::npos);
  CHECK(report.out.find(bad + ":4:13: resources") != std::string::npos);
  CHECK(report.out.ends_with("/no/such: cannot be read: No such file or directory\n"));
}

TEST_CASE("the shipped policy is good") {
  CHECK(check({PLIMSOLL_SOURCE_DIR "/manifests/policy.yaml"}).exit_code == ExitCode::Ok);
}
