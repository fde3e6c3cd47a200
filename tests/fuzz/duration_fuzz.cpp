// Durations and instants: what is read can be written, and is then read as the same.
#include "demand.hpp"
#include "plimsoll/units/duration.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace plimsoll;
  const std::string input = fuzz::to_string(bytes, size);
  if (const auto duration = parse_duration(input)) {
    const std::string text = to_text(*duration);
    const auto again = parse_duration(text);
    fuzz::demand(again.has_value(), "not read again: " + text);
    fuzz::demand(*again == *duration, "another duration: " + text);
  }
  if (const auto duration = parse_run_time(input)) {
    const auto again = parse_run_time(to_text(*duration));
    fuzz::demand(again.has_value() && *again == *duration, "another run time: " + to_text(*duration));
  }
  if (const auto time = parse_time(input)) {
    const std::string text = to_text(*time);
    const auto again = parse_time(text);
    fuzz::demand(again.has_value() && *again == *time, "another instant: " + text);
  }
  return 0;
}
