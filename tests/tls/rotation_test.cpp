#include "plimsoll/tls/rotation.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "plimsoll/tls/certificate.hpp"

namespace plimsoll::tls {
namespace {

using namespace std::chrono_literals;
using Days = std::chrono::days;

const TimePoint kStart{std::chrono::sys_days{std::chrono::January / 1 / 2026}};
const std::vector<std::string> kNames{"plimsoll.plimsoll-system.svc", "::1"};

// An authority lives 900 days, a leaf 90: due on days 600 and 60.
const Lifetimes kLifetimes{.authority = Days{900}, .leaf = Days{90}, .settling = 5min};

Circumstances ordinary() {
  return {.names = kNames, .lifetimes = kLifetimes};
}

CertificateSet first_set() {
  return *take_step(Step::MakeAll, kStart, nullptr, ordinary());
}

CertificateSet with_next(TimePoint made_at = kStart) {
  const CertificateSet set = first_set();
  return *take_step(Step::MakeNext, made_at, &set, ordinary());
}

CertificateSet promoted() {
  const CertificateSet set = with_next();
  return *take_step(Step::Promote, kStart, &set, ordinary());
}

TEST_CASE("each step has its time") {
  const CertificateSet set = first_set();
  const CertificateSet next = with_next();
  const CertificateSet late_next = with_next(kStart + Days{700});
  const CertificateSet after = promoted();
  CertificateSet old_leaf = after;  // a leaf that outlives the checks of what stands beside it
  old_leaf.leaf = *issue_identity(old_leaf.authority, kNames, kStart + Days{900});
  struct Case {
    std::string name;
    const CertificateSet* set;
    std::chrono::milliseconds age;
    std::function<void(Circumstances&)> change;
    Step want;
  };
  const auto as_ever = [](Circumstances&) {};
  const auto published = [](std::chrono::milliseconds time) {
    return [time](Circumstances& c) { c.published_for = time; };
  };
  const auto wish = [](Wish wanted) { return [wanted](Circumstances& c) { c.wish = wanted; }; };
  const std::vector<Case> cases{
      {"nothing is there", nullptr, 0ms, as_ever, Step::MakeAll},
      {"nothing is there, whatever is asked for", nullptr, 0ms, wish(Wish::Rotate), Step::MakeAll},
      {"fresh", &set, 0ms, as_ever, Step::Keep},
      {"the day before two thirds of the leaf", &set, Days{59}, as_ever, Step::Keep},
      {"two thirds of the leaf", &set, Days{60}, as_ever, Step::RenewLeaf},
      {"an expired leaf", &set, Days{91}, as_ever, Step::RenewLeaf},
      {"another name", &set, 0ms, [](Circumstances& c) { c.names.emplace_back("localhost"); }, Step::RenewLeaf},
      {"a name less", &set, 0ms, [](Circumstances& c) { c.names.pop_back(); }, Step::Keep},
      {"an address in another spelling", &set, 0ms, [](Circumstances& c) { c.names[1] = "0:0::0:1"; }, Step::Keep},
      {"a leaf for longer than its authority", &set, 0ms, [](Circumstances& c) { c.lifetimes.leaf = Days{2000}; },
       Step::RenewLeaf},

      {"the next one is not published", &next, 1h, as_ever, Step::Keep},
      {"published a moment ago", &next, 1h, published(4min + 59s), Step::Keep},
      {"published and settled", &next, 1h, published(5min), Step::Promote},
      {"the next one begins in the future", &late_next, Days{50}, published(1h), Step::Keep},
      {"published, with a leaf that is due", &next, Days{61}, published(1h), Step::Promote},
      {"not published, with a leaf that is due", &next, Days{61}, as_ever, Step::RenewLeaf},
      {"published without a next one", &set, 1h, published(1h), Step::Keep},

      {"a former one whose leaf may be served", &after, Days{59}, as_ever, Step::Keep},
      {"a former one whose leaf has just expired", &old_leaf, Days{90}, as_ever, Step::Keep},
      {"a former one whose leaf has expired for everybody", &old_leaf, Days{91}, as_ever, Step::DropFormer},

      {"everything expired", &set, Days{901}, as_ever, Step::MakeAll},
      {"everything expired but a next one", &late_next, Days{901}, as_ever, Step::Promote},
      {"the next one expired as well", &next, Days{901}, as_ever, Step::MakeAll},
      {"set back by an hour", &set, -1h, as_ever, Step::Keep},
      {"set back by years", &set, -Days{3000}, as_ever, Step::Keep},
      {"set back by years, with another name", &set, -Days{3000},
       [](Circumstances& c) { c.names.emplace_back("localhost"); }, Step::Keep},

      {"asked for a rotation", &set, 0ms, wish(Wish::Rotate), Step::MakeNext},
      {"asked for a rotation once more", &next, 0ms, wish(Wish::Rotate), Step::Promote},
      {"keys are in wrong hands", &set, 0ms, wish(Wish::RotateNow), Step::MakeAll},
      {"keys are in wrong hands, whatever stands there", &next, Days{61}, wish(Wish::RotateNow), Step::MakeAll},
      {"keys are in wrong hands, and the clock is wrong", &next, -Days{3000}, wish(Wish::RotateNow), Step::MakeAll},
  };
  for (const Case& c : cases) {
    INFO(c.name);
    Circumstances circumstances = ordinary();
    c.change(circumstances);
    const NextStep next_one = next_step(kStart + c.age, c.set, circumstances);
    INFO(next_one.reason);
    CHECK(to_text(next_one.step) == to_text(c.want));
    if (c.want != Step::Keep) CHECK_FALSE(next_one.reason.empty());
  }
}

TEST_CASE("an authority that ends in a third of its life gets a successor, whatever else is due") {
  CertificateSet set = first_set();
  set.leaf = *issue_identity(set.authority, kNames, kStart + Days{900});
  CHECK(next_step(kStart + Days{599}, &set, ordinary()).step == Step::Keep);
  CHECK(next_step(kStart + Days{600}, &set, ordinary()).step == Step::MakeNext);
  // A leaf that ends with its authority is not renewed over and over.
  CHECK(next_step(kStart + Days{899}, &set, ordinary()).step == Step::MakeNext);
  set = *take_step(Step::MakeNext, kStart + Days{600}, &set, ordinary());
  CHECK(next_step(kStart + Days{899}, &set, ordinary()).step == Step::Keep);
  CHECK(next_step(kStart + Days{900}, &set, ordinary()).step == Step::Promote);
}

TEST_CASE("what is served stays trusted by the bundle before and after each step") {
  const TimePoint now = kStart + 1h;
  const auto trusts = [&](const std::string& bundle, const Identity& leaf) {
    return verify_chain(leaf.chain_pem(), {.authorities_pem = bundle, .name = kNames[0], .now = now}).has_value();
  };
  const CertificateSet set = first_set();
  const CertificateSet next = with_next();
  const CertificateSet after = *take_step(Step::Promote, now, &next, ordinary());
  const CertificateSet renewed = *take_step(Step::RenewLeaf, now, &after, ordinary());
  CHECK(trusts(to_bundle(set), set.leaf));

  CHECK(next.next.has_value());
  CHECK(trusts(to_bundle(next), next.leaf));

  CHECK(to_bundle(after) == after.authority.certificate_pem() + next.authority.certificate_pem());
  CHECK(after.authority == *next.next);
  CHECK_FALSE(after.next.has_value());
  CHECK(trusts(to_bundle(next), after.leaf));
  CHECK(trusts(to_bundle(after), next.leaf));
  CHECK(trusts(to_bundle(after), after.leaf));
  CHECK(after.former == std::vector<FormerAuthority>{{next.authority.certificate_pem(), next.leaf.valid_until()}});

  CHECK(renewed.authority == after.authority);
  CHECK(renewed.leaf.key_pem() != after.leaf.key_pem());
  CHECK(trusts(to_bundle(after), renewed.leaf));

  const CertificateSet dropped = *take_step(Step::DropFormer, kStart + Days{91}, &after, ordinary());
  CHECK(to_bundle(dropped) == after.authority.certificate_pem());

  const CertificateSet anew = *take_step(Step::MakeAll, now, &next, ordinary());
  CHECK_FALSE(trusts(to_bundle(anew), next.leaf));
  CHECK(trusts(to_bundle(anew), anew.leaf));
}

TEST_CASE("servers that ask for different names agree on all of them, until the next renewal") {
  const auto names = [](const CertificateSet& set) {
    std::vector<std::string> found = set.leaf.names();
    std::sort(found.begin(), found.end());
    return found;
  };
  Circumstances one = ordinary();
  one.names = {"a.example", "b.example"};
  Circumstances other = ordinary();
  other.names = {"b.example", "c.example"};
  CertificateSet set = *take_step(Step::MakeAll, kStart, nullptr, one);
  REQUIRE(next_step(kStart, &set, other).step == Step::RenewLeaf);
  set = *take_step(Step::RenewLeaf, kStart, &set, other);
  CHECK(names(set) == std::vector<std::string>{"a.example", "b.example", "c.example"});
  CHECK(next_step(kStart, &set, one).step == Step::Keep);
  CHECK(next_step(kStart, &set, other).step == Step::Keep);

  set = *take_step(Step::RenewLeaf, kStart + Days{60}, &set, other);
  CHECK(names(set) == std::vector<std::string>{"b.example", "c.example"});
}

TEST_CASE("names that no certificate can have are an error of the step") {
  Circumstances circumstances = ordinary();
  circumstances.names = {"not a name"};
  CHECK_THAT(take_step(Step::MakeAll, kStart, nullptr, circumstances).error().message,
             Catch::Contains("is neither a DNS name"));
}

}  // namespace
}  // namespace plimsoll::tls
