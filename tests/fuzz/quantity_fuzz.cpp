// Kubernetes quantities: what is read can be written, and is then read as the same.
#include "demand.hpp"
#include "plimsoll/units/amounts.hpp"
#include "plimsoll/units/quantity.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace plimsoll;
  const auto quantity = parse_quantity(fuzz::to_string(bytes, size));
  if (!quantity) return 0;
  const std::string text = to_text(*quantity);
  const auto again = parse_quantity(text);
  fuzz::demand(again.has_value(), "not read again: " + text);
  fuzz::demand(*again == *quantity, "another value: " + text);
  // Kubernetes writes 62.5Ki as 64000, which it reads as decimal and then writes as 64k.
  const bool keeps_format = again->format() == quantity->format();
  fuzz::demand(!keeps_format || to_text(*again) == text, "another text: " + text);
  if (const auto cpu = to_milli_cpu(*quantity)) fuzz::demand(*cpu >= MilliCpu{}, "negative cpu: " + text);
  if (const auto amount = to_bytes(*quantity)) fuzz::demand(*amount >= Bytes{}, "negative bytes: " + text);
  return 0;
}
