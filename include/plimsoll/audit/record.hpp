// What is written down of a decision: one JSON line that says who asked for what, what was changed, and why.
//
// A Record owns every byte, so that it can wait in a queue after its review is gone; turning it into text is left to
// whoever writes it, off the request's way. Secrets never enter it: of the object only names, the estimate and what the
// patch touches.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>

#include "plimsoll/admission/review.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/decide/decide.hpp"

namespace plimsoll::audit {

/// Whether a record holds what a replay needs of the request.
enum class RecordedInput {
  None,
  Redacted  ///< as its last member, `request`; null where that is too large. See redact.hpp
};

/// What is kept of a request's body. Bodies are most of what a waiting record weighs: only a replay needs them.
struct Input {
  std::string digest = {};  ///< `sha256:` and 64 hexadecimal digits
  std::string body = {};    ///< as it came, for RecordedInput::Redacted; else empty
};

[[nodiscard]] Input keep_input(std::string_view body, RecordedInput wanted);

struct Record {
  TimePoint time;
  std::chrono::microseconds latency{0};
  std::string uid;
  bool dry_run = false;
  admission::Route route = admission::Route::Mutate;
  std::string operation;
  std::string kind;
  std::string name_space;
  std::string name;
  std::string generate_name;
  std::string owner;  ///< `Job/train` of the controlling owner
  std::string user;
  std::string caller;  ///< who sent the review, as certificate or token prove; empty where nobody was asked
  Input input;
  std::string estimate_prefix;  ///< of the policy that decided
  decide::Decision decision;    ///< without its patch
  std::string patch;            ///< as JSON text, which weighs a tenth of the values; empty: none
};

/// When the request came, how long it took, what is kept of its body, how the policy calls estimates, who sent it,
/// and the patch as it was answered, where it is at hand.
struct Receipt {
  TimePoint time;
  std::chrono::microseconds latency{0};
  Input input = {};
  std::string estimate_prefix = {};
  std::string caller = {};
  std::string patch = {};
};

/// Threads: safe.
[[nodiscard]] Record make_record(const admission::Review& review, decide::Decision decision, Receipt receipt);

/// The record as one line of JSON, without the line break; its form is documented in docs/audit.md. User text is cut
/// and escaped.
[[nodiscard]] std::string encode_record(const Record& record, RecordedInput input = RecordedInput::None);

/// How much memory the record holds, near enough: the values of its patch are most of it, then the texts of the
/// decision and the body. Units: bytes.
[[nodiscard]] std::size_t weigh(const Record& record);

}  // namespace plimsoll::audit
