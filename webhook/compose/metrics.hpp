// What the server counts, and where it is read.
//
// Whatever users send, the number of series stays what it was at the start: labels come from closed sets, and what fits
// none is counted as "other".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/audit/record.hpp"
#include "plimsoll/telemetry/audit_sink.hpp"
#include "plimsoll/telemetry/metrics.hpp"
#include "webhook/compose/certificates.hpp"
#include "webhook/compose/reload_status.hpp"
#include "webhook/compose/shared_certificates.hpp"
#include "webhook/endpoint.hpp"

namespace plimsoll::webhook {

/// A counter for each word of a closed set, and one for every other word.
class WordCounters {
 public:
  WordCounters(telemetry::Metrics& metrics, telemetry::Metric metric, std::string_view label,
               const std::vector<std::string_view>& words);
  void add(std::string_view word) const;

 private:
  std::vector<std::pair<std::string_view, telemetry::Counter>> known_;
  telemetry::Counter other_;
};

/// Counts decisions, what came of them, and why.
/// Threads: safe.
class DecisionMetrics {
 public:
  /// Requires: `metrics` outlives this.
  explicit DecisionMetrics(telemetry::Metrics& metrics);

  void count(const audit::Record& record, const StepTimes& times) const;

 private:
  struct Requests {
    std::string_view kind;
    WordCounters real;
    WordCounters dry_run;
  };
  [[nodiscard]] const Requests& requests_of(std::string_view kind) const;

  std::vector<Requests> requests_;  ///< the last is for every other kind
  WordCounters reasons_;
  WordCounters problems_;
  WordCounters changes_;
  telemetry::Counter markers_put_aside_;
  telemetry::TimeHistogram request_time_;
  telemetry::TimeHistogram decode_time_;
  telemetry::TimeHistogram decide_time_;
  telemetry::TimeHistogram encode_time_;
};

/// Adds what is true of the program as a whole. Requires: `audit` outlives the scrapes.
void observe_program(telemetry::Metrics& metrics, const telemetry::AuditSink& audit);

/// Adds how often the file of `value`, such as the policy, was taken over and refused. Requires: `status` outlives the
/// scrapes.
void observe_reloads(telemetry::Metrics& metrics, const std::string& value, const ReloadStatus& status);

/// Adds when the served certificate and, where there are any, our own authorities cease to be valid.
/// Requires: both outlive the scrapes; `shared` may be null.
void observe_certificates(telemetry::Metrics& metrics, const LiveCertificate& served, const SharedCertificates* shared);

}  // namespace plimsoll::webhook
