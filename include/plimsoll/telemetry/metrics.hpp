// The program's own numbers, for Prometheus.
//
// A metric is a handle that its owner keeps: adding to it takes an atomic step or a short lock and looks nothing up.
// All series are made before traffic comes, so each is there from the start at 0, and nothing that a client sends can
// make another.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace prometheus {  // whose headers stay out of ours
class Counter;
class Gauge;
class Histogram;
}  // namespace prometheus

namespace plimsoll::telemetry {

/// Only ever grows. Threads: safe; the same holds for the other kinds.
class Counter {
 public:
  void add(std::uint64_t amount = 1) const;

 private:
  friend class Metrics;
  explicit Counter(prometheus::Counter& series) : series_(&series) {}
  prometheus::Counter* series_;
};

class Gauge {
 public:
  void set(double value) const;
  void add(double amount) const;

 private:
  friend class Metrics;
  explicit Gauge(prometheus::Gauge& series) : series_(&series) {}
  prometheus::Gauge* series_;
};

/// How times are distributed. Units: seconds when read; from 50 us, a fast decision, to 10 s, the longest time-out that
/// matters to a user.
class TimeHistogram {
 public:
  void observe(std::chrono::nanoseconds time) const;

 private:
  friend class Metrics;
  explicit TimeHistogram(prometheus::Histogram& series) : series_(&series) {}
  prometheus::Histogram* series_;
};

/// What a metric is called and what it says. The same name may come with several sets of labels, always of the same
/// keys.
///
/// Source: https://prometheus.io/docs/practices/naming/
struct Metric {
  std::string name;
  std::string help;
  std::vector<std::pair<std::string, std::string>> labels = {};
};

/// All metrics of a program. Handles are valid as long as it lives.
/// Threads: safe.
class Metrics {
 public:
  Metrics();
  Metrics(Metrics&&) noexcept;
  Metrics& operator=(Metrics&&) noexcept;
  ~Metrics();

  Counter counter(const Metric& metric);
  Gauge gauge(const Metric& metric);
  TimeHistogram time_histogram(const Metric& metric);

  enum class Kind { Counter, Gauge };
  /// A number that somebody else keeps; `read` is asked at each scrape, from the thread that scrapes.
  void observe(Kind kind, Metric metric, std::function<double()> read);

  /// Everything in Prometheus' text format.
  [[nodiscard]] std::string exposition() const;

  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

 private:
  struct Registry;
  std::unique_ptr<Registry> registry_;
};

/// Adds what every Prometheus client says of its process: CPU, memory, open files, start.
///
/// Source: https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics
void observe_process(Metrics& metrics);

}  // namespace plimsoll::telemetry
