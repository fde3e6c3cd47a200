#include "plimsoll/telemetry/metrics.hpp"

#include <catch2/catch.hpp>
#include <string>

namespace plimsoll::telemetry {
namespace {

using namespace std::chrono_literals;
using Catch::Matchers::Contains;

double value_of(const std::string& text, const std::string& series) {
  const std::size_t at = text.find("\n" + series + " ");
  REQUIRE(at != std::string::npos);
  return std::stod(text.substr(at + series.size() + 2));
}

TEST_CASE("series of one name are one family, and are there from the start") {
  Metrics metrics;
  const Counter ada = metrics.counter({"jobs_total", "Jobs.", {{"user", "ada"}}});
  metrics.counter({"jobs_total", "Jobs.", {{"user", "bob"}}});
  ada.add();
  ada.add(2);
  const std::string text = metrics.exposition();
  CHECK(value_of(text, R"(jobs_total{user="ada"})") == 3);
  CHECK(value_of(text, R"(jobs_total{user="bob"})") == 0);
  CHECK(text.find("# TYPE jobs_total counter") == text.rfind("# TYPE jobs_total"));
}

TEST_CASE("a gauge goes up and down") {
  Metrics metrics;
  const Gauge gauge = metrics.gauge({"connections", "Open."});
  gauge.add(5);
  gauge.add(-2);
  CHECK(value_of("\n" + metrics.exposition(), "connections") == 3);
  gauge.set(7);
  CHECK(value_of("\n" + metrics.exposition(), "connections") == 7);
}

TEST_CASE("times are counted in the buckets that they fit in, in seconds") {
  Metrics metrics;
  const TimeHistogram histogram = metrics.time_histogram({"wait_seconds", "Waiting.", {{"step", "decide"}}});
  histogram.observe(40us);
  histogram.observe(400us);
  histogram.observe(30s);
  const std::string text = metrics.exposition();
  CHECK(value_of(text, R"(wait_seconds_bucket{step="decide",le="5e-05"})") == 1);
  CHECK(value_of(text, R"(wait_seconds_bucket{step="decide",le="0.0005"})") == 2);
  CHECK(value_of(text, R"(wait_seconds_bucket{step="decide",le="10"})") == 2);
  CHECK(value_of(text, R"(wait_seconds_bucket{step="decide",le="+Inf"})") == 3);
  CHECK(value_of(text, R"(wait_seconds_count{step="decide"})") == 3);
  CHECK(value_of(text, R"(wait_seconds_sum{step="decide"})") == Approx(30.00044));
}

TEST_CASE("a number that somebody else keeps is asked for at each scrape") {
  Metrics metrics;
  double lost = 1;
  metrics.observe(Metrics::Kind::Counter, {"lost_total", "Lost.", {{"where", "a"}}}, [&lost] { return lost; });
  metrics.observe(Metrics::Kind::Counter, {"lost_total", "Lost.", {{"where", "b"}}}, [] { return 9.0; });
  CHECK(value_of(metrics.exposition(), R"(lost_total{where="a"})") == 1);
  lost = 2;
  const std::string text = metrics.exposition();
  CHECK(value_of(text, R"(lost_total{where="a"})") == 2);
  CHECK(value_of(text, R"(lost_total{where="b"})") == 9);
  CHECK(text.find("# TYPE lost_total counter") == text.rfind("# TYPE lost_total"));
}

TEST_CASE("a label's value cannot break out of its line") {
  Metrics metrics;
  metrics.counter({"odd_total", "Odd.", {{"name", "a\"b\\c\nd"}}});
  CHECK_THAT(metrics.exposition(), Contains(R"(odd_total{name="a\"b\\c\nd"} 0)"));
}

TEST_CASE("a process knows its CPU time, memory, files and start") {
  Metrics metrics;
  observe_process(metrics);
  const std::string text = metrics.exposition();
  CHECK(value_of(text, "process_cpu_seconds_total") > 0);
  CHECK(value_of(text, "process_resident_memory_bytes") > 1e6);
  CHECK(value_of(text, "process_virtual_memory_bytes") > value_of(text, "process_resident_memory_bytes"));
  CHECK(value_of(text, "process_open_fds") >= 3);
  CHECK(value_of(text, "process_max_fds") >= value_of(text, "process_open_fds"));
  CHECK(value_of(text, "process_threads") >= 1);
  const auto now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  CHECK(value_of(text, "process_start_time_seconds") == Approx(now).margin(3600));
}

}  // namespace
}  // namespace plimsoll::telemetry
