// Numbers as batch schedulers write them. The same text can mean another amount to each: `--time=90` is ninety minutes,
// `walltime=90` ninety seconds.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/batch_script/batch_script.hpp"
#include "plimsoll/units/amounts.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll::batch_script {

/// A whole number of at most nine digits. Errors: what is wrong with it, for a message that begins with the value.
[[nodiscard]] Result<std::int64_t> parse_count(std::string_view text);

/// "minutes", "minutes:seconds", "hours:minutes:seconds", "days-hours[:minutes[:seconds]]"; nothing where that means
/// no limit. Source: sbatch(1), --time.
[[nodiscard]] Result<std::optional<Duration>> parse_slurm_time(std::string_view written);
/// "[[hours:]minutes:]seconds[.fraction]". Source: pbs_resources(7B), time.
[[nodiscard]] Result<Duration> parse_pbs_time(std::string_view text);
/// The span of "now+6hours"; nothing for an instant, whose time zone only the scheduler knows. Source: sbatch(1),
/// --deadline.
[[nodiscard]] Result<std::optional<Duration>> parse_slurm_deadline(std::string_view text);

/// A whole number of mebibytes, or with K, M, G, T (also KB …) of those binary units. Source: sbatch(1), --mem.
[[nodiscard]] Result<Bytes> parse_slurm_size(std::string_view text);
/// A whole number of bytes, or with b, kb, mb, gb, tb, pb; w counts words of eight bytes. Source: pbs_resources(7B),
/// size.
[[nodiscard]] Result<Bytes> parse_pbs_size(std::string_view text);

/// "0-15", "1,3,5-7", "0-15:4", each with "%4" behind it. Errors: as parse_count; more than kMostCompletions.
/// Source: sbatch(1), --array; qsub(1B), -J and -t.
[[nodiscard]] Result<Array> parse_array(std::string_view text);

/// Saturates. Requires: neither is negative.
[[nodiscard]] inline std::int64_t product(std::int64_t a, std::int64_t b) {
  std::int64_t out = 0;
  return __builtin_mul_overflow(a, b, &out) ? std::numeric_limits<std::int64_t>::max() : out;
}
/// `amount` times `count`. Saturates. Requires: count >= 0.
template <class Amount>
[[nodiscard]] Amount times(Amount amount, std::int64_t count) {
  return Amount(product(amount.count(), count));
}
/// Rounded up. Requires: count >= 0, by > 0.
[[nodiscard]] constexpr std::int64_t divided(std::int64_t count, std::int64_t by) {
  return count / by + (count % by != 0 ? 1 : 0);
}

/// The annotation of a size, in whole mebibytes, which is the least that an estimate can be.
[[nodiscard]] std::string to_estimate(Bytes size);
/// The annotation of a name: with what is no text in it escaped, and not without end.
[[nodiscard]] std::string to_estimate(std::string_view name);

/// The parts of `text` between separators; one, possibly empty, when there is none.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

}  // namespace plimsoll::batch_script
