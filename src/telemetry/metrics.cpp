#include "plimsoll/telemetry/metrics.hpp"

#include <prometheus/collectable.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

namespace plimsoll::telemetry {
namespace {

prometheus::Labels to_labels(const Metric& metric) {
  return {metric.labels.begin(), metric.labels.end()};
}

prometheus::Histogram::BucketBoundaries time_bounds() {
  return {50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 100e-3, 250e-3, 0.5, 1, 2.5, 10};
}

}  // namespace

struct Metrics::Registry {
  struct Reading {
    Kind kind;
    Metric metric;
    std::function<double()> read;
  };

  prometheus::Registry owned;
  std::mutex mutex;
  std::vector<Reading> readings;

  /// Series of one name stand together, as the format demands.
  void append_readings(std::vector<prometheus::MetricFamily>& families) {
    std::map<std::string, std::size_t> places;
    const std::lock_guard lock(mutex);
    for (const Reading& reading : readings) {
      const auto [place, is_new] = places.emplace(reading.metric.name, families.size());
      const bool is_counter = reading.kind == Kind::Counter;
      if (is_new) {
        families.push_back({reading.metric.name,
                            reading.metric.help,
                            is_counter ? prometheus::MetricType::Counter : prometheus::MetricType::Gauge,
                            {}});
      }
      prometheus::ClientMetric& series = families[place->second].metric.emplace_back();
      for (const auto& [key, value] : reading.metric.labels) series.label.push_back({key, value});
      (is_counter ? series.counter.value : series.gauge.value) = reading.read();
    }
  }
};

void Counter::add(std::uint64_t amount) const {
  series_->Increment(static_cast<double>(amount));
}

void Gauge::set(double value) const {
  series_->Set(value);
}

void Gauge::add(double amount) const {
  series_->Increment(amount);
}

void TimeHistogram::observe(std::chrono::nanoseconds time) const {
  series_->Observe(std::chrono::duration<double>(time).count());
}

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {}
Metrics::Metrics(Metrics&&) noexcept = default;
Metrics& Metrics::operator=(Metrics&&) noexcept = default;
Metrics::~Metrics() = default;

// A family that is built again under the same name is the same family.
Counter Metrics::counter(const Metric& metric) {
  auto& family = prometheus::BuildCounter().Name(metric.name).Help(metric.help).Register(registry_->owned);
  return Counter(family.Add(to_labels(metric)));
}

Gauge Metrics::gauge(const Metric& metric) {
  auto& family = prometheus::BuildGauge().Name(metric.name).Help(metric.help).Register(registry_->owned);
  return Gauge(family.Add(to_labels(metric)));
}

TimeHistogram Metrics::time_histogram(const Metric& metric) {
  auto& family = prometheus::BuildHistogram().Name(metric.name).Help(metric.help).Register(registry_->owned);
  return TimeHistogram(family.Add(to_labels(metric), time_bounds()));
}

void Metrics::observe(Kind kind, Metric metric, std::function<double()> read) {
  const std::lock_guard lock(registry_->mutex);
  registry_->readings.push_back({kind, std::move(metric), std::move(read)});
}

std::string Metrics::exposition() const {
  std::vector<prometheus::MetricFamily> families = registry_->owned.Collect();
  registry_->append_readings(families);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace plimsoll::telemetry
