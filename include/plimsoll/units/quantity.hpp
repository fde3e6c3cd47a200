// Kubernetes' number: "1500m", "12Gi", "0.5", "1e3".
//
// Held exactly, as a 128-bit count of billionths, the finest grain Kubernetes keeps. Kubernetes caps binary quantities
// ("9Ei") at 2^63-1 and, whatever its documentation says, leaves decimal ones uncapped; 128 bits hold those up to
// 10^29, where they saturate. No floating point anywhere.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"

namespace plimsoll {

__extension__ using Int128 = __int128;

/// A parsed quantity, equal to another when their amounts are equal, however they were written.
/// Source: k8s.io/apimachinery/pkg/api/resource/quantity.go
class Quantity {
 public:
  /// The family of suffixes it is written in; kept from the text it was parsed from, as Kubernetes does.
  enum class Format { DecimalSI, BinarySI, DecimalExponent };

  static constexpr std::int64_t kNanosPerUnit = 1'000'000'000;

  constexpr Quantity() = default;
  [[nodiscard]] static constexpr Quantity from_nanos(Int128 nanos, Format format) { return Quantity(nanos, format); }
  [[nodiscard]] static constexpr Quantity from_units(std::int64_t units, Format format) {
    return Quantity(Int128{units} * kNanosPerUnit, format);
  }

  [[nodiscard]] constexpr Int128 nanos() const { return nanos_; }
  [[nodiscard]] constexpr Format format() const { return format_; }
  /// Whole units, rounded away from zero (Quantity.Value()); saturates at the ends of int64.
  [[nodiscard]] std::int64_t value() const;
  /// Thousandths, rounded away from zero (Quantity.MilliValue()); saturates at the ends of int64.
  [[nodiscard]] std::int64_t milli_value() const;
  [[nodiscard]] constexpr bool is_whole() const { return nanos_ % kNanosPerUnit == 0; }

  friend constexpr bool operator==(const Quantity& a, const Quantity& b) { return a.nanos_ == b.nanos_; }
  friend constexpr std::strong_ordering operator<=>(const Quantity& a, const Quantity& b) {
    return a.nanos_ <=> b.nanos_;
  }

 private:
  constexpr Quantity(Int128 nanos, Format format) : nanos_(nanos), format_(format) {}

  Int128 nanos_ = 0;
  Format format_ = Format::DecimalSI;
};

/// Reads `text` as Kubernetes' ParseQuantity does: rounds away from zero to a billionth, accepts signs and zero, and
/// even a missing number for zero ("Ki"); whether those make sense is for the caller to say. It differs where
/// Kubernetes goes astray: an exponent beyond 32 bits is refused (there it wraps around), and a decimal beyond 10^29
/// saturates.
///
/// Errors: ErrorCode::Invalid; the message says what is wrong and what was probably meant ("12GiB": did you mean
/// "12Gi"?).
[[nodiscard]] Result<Quantity> parse_quantity(std::string_view text);

/// The canonical form, as Quantity.CanonicalizeBytes() writes it: "1.5" -> "1500m", "1024Mi" -> "1Gi".
/// (Quantity.String() also leaves some texts alone that are not canonical: "+1", "1.500", "012Gi".)
[[nodiscard]] std::string to_text(const Quantity& quantity);

}  // namespace plimsoll
