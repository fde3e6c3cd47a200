// Amounts of cpu, memory and GPUs, each its own type, so that the compiler refuses to add megabytes to cores.
//
// All are whole counts, never negative; arithmetic saturates at max(), as Kubernetes caps quantities rather than
// failing.
#pragma once

#include <compare>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"
#include "plimsoll/units/quantity.hpp"

namespace plimsoll {

/// A factor such as a safety margin. Units: thousandths; 1250 is a factor of 1.25.
class Ratio {
 public:
  constexpr Ratio() = default;
  [[nodiscard]] static constexpr Ratio from_thousandths(std::int64_t thousandths) { return Ratio(thousandths); }
  [[nodiscard]] constexpr std::int64_t thousandths() const { return thousandths_; }
  friend constexpr auto operator<=>(const Ratio&, const Ratio&) = default;

 private:
  explicit constexpr Ratio(std::int64_t thousandths) : thousandths_(thousandths) {}
  std::int64_t thousandths_ = 1000;
};

/// "1.25" -> 1250 thousandths. Errors: not a plain decimal with at most three decimals, or negative.
[[nodiscard]] Result<Ratio> parse_ratio(std::string_view text);
/// The shortest decimal: "1.25", "2".
[[nodiscard]] std::string to_text(Ratio ratio);

/// A saturating, non-negative count of `Tag`s.
template <class Tag>
class Amount {
 public:
  constexpr Amount() = default;
  /// Requires: count >= 0.
  explicit constexpr Amount(std::int64_t count) : count_(count) { PLIMSOLL_ASSERT(count >= 0); }
  [[nodiscard]] static constexpr Amount max() { return Amount(std::numeric_limits<std::int64_t>::max()); }
  [[nodiscard]] constexpr std::int64_t count() const { return count_; }

  friend constexpr auto operator<=>(const Amount&, const Amount&) = default;
  friend constexpr Amount operator+(Amount a, Amount b) {
    std::int64_t sum = 0;
    return __builtin_add_overflow(a.count_, b.count_, &sum) ? max() : Amount(sum);
  }
  constexpr Amount& operator+=(Amount other) { return *this = *this + other; }

  /// This times `ratio`, rounded up.
  [[nodiscard]] constexpr Amount scaled(Ratio ratio) const {
    const Int128 scaled_up = (Int128{count_} * ratio.thousandths() + 999) / 1000;
    return scaled_up > max().count_ ? max() : Amount(static_cast<std::int64_t>(scaled_up));
  }
  /// The smallest multiple of `step` that is not below this; this itself when `step` is zero.
  [[nodiscard]] constexpr Amount rounded_up_to(Amount step) const {
    if (step.count_ == 0 || count_ % step.count_ == 0) return *this;
    return Amount(count_ - count_ % step.count_) + step;
  }

 private:
  std::int64_t count_ = 0;
};

/// Units: thousandths of a core; 1500 is one and a half cores.
using MilliCpu = Amount<struct MilliCpuTag>;
/// Units: bytes, of memory, GPU memory or storage.
using Bytes = Amount<struct BytesTag>;
/// Units: whole GPUs.
using GpuCount = Amount<struct GpuCountTag>;

/// Rounds up to a thousandth of a core, as the API server does when it stores a cpu quantity. Errors: negative.
[[nodiscard]] Result<MilliCpu> to_milli_cpu(const Quantity& quantity);
/// Rounds up to a byte. Errors: negative.
[[nodiscard]] Result<Bytes> to_bytes(const Quantity& quantity);
/// Errors: negative, or not a whole number (extended resources are integers).
[[nodiscard]] Result<GpuCount> to_gpu_count(const Quantity& quantity);

/// Kubernetes' canonical text, ready for a manifest: "1500m", "2".
[[nodiscard]] std::string to_text(MilliCpu cpu);
/// In the largest binary suffix that divides it: "12Gi", "1536Mi"; when none does, in decimal: "1500", "5G".
[[nodiscard]] std::string to_text(Bytes bytes);
[[nodiscard]] std::string to_text(GpuCount gpus);

}  // namespace plimsoll
