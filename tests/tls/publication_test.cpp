#include "plimsoll/tls/publication.hpp"

#include <catch2/catch.hpp>

namespace plimsoll::tls {
namespace {

using namespace std::chrono_literals;
using Time = PublicationRecord::Time;

const Time kStart = Time(1000h);

TEST_CASE("a bundle counts as published from the first look of an unbroken row to the last") {
  PublicationRecord record;
  CHECK_FALSE(record.published_for("a", kStart).has_value());
  record.note_in_place("a", kStart);
  CHECK(record.published_for("a", kStart) == 0ms);
  CHECK(record.published_for("a", kStart + 50s) == 0ms);
  CHECK_FALSE(record.published_for("b", kStart).has_value());
  CHECK_FALSE(record.published_for("", kStart).has_value());
  record.note_in_place("a", kStart + 50s);
  record.note_in_place("a", kStart + 100s);
  CHECK(record.published_for("a", kStart + 101s) == 100s);
}

TEST_CASE("another bundle, a disturbance and a gap begin the row anew") {
  PublicationRecord record;
  record.note_in_place("a", kStart);
  record.note_in_place("b", kStart + 10s);
  CHECK_FALSE(record.published_for("a", kStart + 10s).has_value());
  CHECK(record.published_for("b", kStart + 10s) == 0ms);

  record.note_disturbed();
  CHECK_FALSE(record.published_for("b", kStart + 10s).has_value());
  record.note_in_place("b", kStart + 20s);
  CHECK(record.published_for("b", kStart + 20s) == 0ms);

  CHECK_FALSE(record.published_for("b", kStart + 81s).has_value());
  record.note_in_place("b", kStart + 81s);
  CHECK(record.published_for("b", kStart + 81s) == 0ms);
}

}  // namespace
}  // namespace plimsoll::tls
