// What is written down of a decision: one JSON line that says who asked for what, what was changed, and why.
//
// A Record owns every byte, so that it can wait in a queue after its review is gone; turning it into text is left to
// whoever writes it, off the request's way. Secrets never enter it: of the object only names, the estimate and what the
// patch touches.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "plimsoll/admission/review.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/decide/decide.hpp"

namespace plimsoll::audit {

struct Record {
  TimePoint time;
  std::chrono::microseconds latency{0};
  std::string uid;
  bool dry_run = false;
  std::string operation;
  std::string kind;
  std::string name_space;
  std::string name;
  std::string generate_name;
  std::string owner;  ///< `Job/train` of the controlling owner
  std::string user;
  std::string caller;  ///< who sent the review, as certificate or token prove; empty where nobody was asked
  /// The request's body as it came. Its digest is written, and what a replay needs of it where that is wanted.
  std::string input;
  std::string estimate_prefix;  ///< of the policy that decided
  decide::Decision decision;
};

/// When the request came, how long it took, its body before parsing changed it, how the policy calls estimates, and who
/// sent it.
struct Receipt {
  TimePoint time;
  std::chrono::microseconds latency{0};
  std::string input = {};
  std::string estimate_prefix = {};
  std::string caller = {};
};

/// Threads: safe.
[[nodiscard]] Record make_record(const admission::Review& review, decide::Decision decision, Receipt receipt);

/// Whether a record holds what a replay needs of the request.
enum class RecordedInput {
  None,
  Redacted  ///< as its last member, `request`; null where that is too large. See redact.hpp
};

/// The record as one line of JSON, without the line break; its form is documented in docs/audit.md. User text is cut
/// and escaped.
[[nodiscard]] std::string encode_record(const Record& record, RecordedInput input = RecordedInput::None);

}  // namespace plimsoll::audit
