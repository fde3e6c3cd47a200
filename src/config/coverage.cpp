#include "coverage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <limits>
#include <map>

#include "plimsoll/base/text.hpp"

namespace plimsoll::config {
namespace {

constexpr std::string_view kWildcards = "*?";

std::int64_t count_of(const Duration& duration) {
  return duration.nanoseconds().count();
}
template <class Tag>
std::int64_t count_of(const Amount<Tag>& amount) {
  return amount.count();
}

// The whole numbers that satisfy several comparisons: all from `low` to `high`, but for `without`.
struct Range {
  std::int64_t low = std::numeric_limits<std::int64_t>::min();
  std::int64_t high = std::numeric_limits<std::int64_t>::max();
  std::vector<std::int64_t> without = {};

  bool has(std::int64_t number) const {
    return number >= low && number <= high && std::ranges::find(without, number) == without.end();
  }
  bool is_empty() const { return low > high || (low == high && !has(low)); }
  bool covers(const Range& other) const {
    if (other.is_empty()) return true;
    return low <= other.low && high >= other.high &&
           std::ranges::none_of(without, [&](std::int64_t number) { return other.has(number); });
  }
};

// Less than nothing, or more than everything, is empty, too.
std::int64_t before(std::int64_t number) {
  return number == std::numeric_limits<std::int64_t>::min() ? number : number - 1;
}
std::int64_t after(std::int64_t number) {
  return number == std::numeric_limits<std::int64_t>::max() ? number : number + 1;
}

template <class T>
Range range_of(const std::vector<Comparison<T>>& comparisons, std::int64_t least) {
  using Op = typename Comparison<T>::Op;
  Range range{.low = least};
  for (const Comparison<T>& comparison : comparisons) {
    const std::int64_t operand = count_of(comparison.operand);
    switch (comparison.op) {
      case Op::Less:
        range.high = std::min(range.high, before(operand));
        break;
      case Op::LessOrEqual:
        range.high = std::min(range.high, operand);
        break;
      case Op::Equal:
        range.low = std::max(range.low, operand);
        range.high = std::min(range.high, operand);
        break;
      case Op::NotEqual:
        range.without.push_back(operand);
        break;
      case Op::GreaterOrEqual:
        range.low = std::max(range.low, operand);
        break;
      case Op::Greater:
        range.low = std::max(range.low, after(operand));
        break;
    }
  }
  return range;
}

constexpr std::int64_t kAnything = std::numeric_limits<std::int64_t>::min();

// Whether a value is known is asked as well, except of GPUs, of which none are known to be none.
template <class T>
bool covers_amounts(const std::vector<Comparison<T>>& wide, const std::vector<Comparison<T>>& narrow,
                    std::int64_t least, bool is_always_known = false) {
  if (wide.empty()) return true;
  if (narrow.empty() && !is_always_known) return false;
  return range_of(wide, least).covers(range_of(narrow, least));
}

// In a priority band what holds of a slack of nothing does not hold of less: who is late already is not hurried.
bool covers_slack(const std::vector<Comparison<Duration>>& wide, const std::vector<Comparison<Duration>>& narrow) {
  const auto in_a_band = [](Range range) {
    if (range.has(0)) range.low = 0;
    return range;
  };
  return covers_amounts(wide, narrow, kAnything) &&
         (wide.empty() || in_a_band(range_of(wide, kAnything)).covers(in_a_band(range_of(narrow, kAnything))));
}

// Of globs one must match; none at all: anything.
bool any_covers(const std::vector<std::string>& wide, std::string_view narrow) {
  return std::ranges::any_of(wide, [&](const std::string& glob) { return covers_glob(glob, narrow); });
}
bool covers_all(const std::vector<std::string>& wide, const std::vector<std::string>& narrow) {
  return std::ranges::all_of(narrow, [&](const std::string& glob) { return any_covers(wide, glob); });
}
bool covers_names(const std::vector<std::string>& wide, const std::vector<std::string>& narrow) {
  if (wide.empty()) return true;
  return narrow.empty() ? any_covers(wide, "*") : covers_all(wide, narrow);
}
// Of who created an object nothing may be known.
bool covers_creators(const std::vector<std::string>& wide, const std::vector<std::string>& narrow) {
  return wide.empty() || (!narrow.empty() && covers_all(wide, narrow));
}

bool covers_confidence(const std::vector<Confidence>& wide, const std::vector<Confidence>& narrow) {
  if (wide.empty()) return true;
  const auto is_in = [&](Confidence one) { return std::ranges::find(wide, one) != wide.end(); };
  if (!narrow.empty()) return std::ranges::all_of(narrow, is_in);
  return is_in(Confidence::Low) && is_in(Confidence::Medium) && is_in(Confidence::High);
}

std::optional<std::int64_t> to_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_whole = error == std::errc() && end == text.data() + text.size();
  return is_whole ? std::optional(number) : std::nullopt;
}

// Whether a node whose label has `value` satisfies `requirement`.
bool satisfies(const std::string& value, const NodeRequirement& requirement) {
  const auto& values = requirement.values;
  if (requirement.op == "In") return std::ranges::find(values, value) != values.end();
  if (requirement.op == "NotIn") return std::ranges::find(values, value) == values.end();
  if (requirement.op == "Exists") return true;
  if (requirement.op == "DoesNotExist") return false;
  const auto number = to_number(value);
  const auto threshold = to_number(values.front());
  if (!number || !threshold) return false;
  return requirement.op == "Gt" ? *number > *threshold : *number < *threshold;
}

bool needs_the_label(const NodeRequirement& requirement) {
  return requirement.op != "NotIn" && requirement.op != "DoesNotExist";
}

}  // namespace

bool covers_glob(std::string_view wide, std::string_view narrow) {
  // As matches_glob() goes, but a star is only covered by a star, and a question mark by either.
  std::size_t w = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (n < narrow.size()) {
    const bool fits = w < wide.size() && wide[w] != '*' && narrow[n] != '*' && (wide[w] == '?' || wide[w] == narrow[n]);
    if (fits) {
      ++w, ++n;
    } else if (w < wide.size() && wide[w] == '*') {
      star = w++;
      resume = n;
    } else if (star != std::string_view::npos) {
      w = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (w < wide.size() && wide[w] == '*') ++w;
  return w == wide.size();
}

bool covers(const Condition& wide, const Condition& narrow) {
  const bool has_labels = std::ranges::all_of(wide.labels, [&](const auto& label) {
    const auto same = narrow.labels.find(label.first);
    return same != narrow.labels.end() && covers_all(label.second, same->second);
  });
  return has_labels && covers_amounts(wide.duration, narrow.duration, 1) && covers_slack(wide.slack, narrow.slack) &&
         covers_amounts(wide.cpu, narrow.cpu, 0) && covers_amounts(wide.memory, narrow.memory, 0) &&
         covers_amounts(wide.gpu, narrow.gpu, 0, true) && covers_amounts(wide.gpu_memory, narrow.gpu_memory, 0) &&
         (!wide.interruptible || wide.interruptible == narrow.interruptible) &&
         covers_confidence(wide.confidence, narrow.confidence) && covers_names(wide.kinds, narrow.kinds) &&
         covers_names(wide.namespaces, narrow.namespaces) && covers_names(wide.schedulers, narrow.schedulers) &&
         covers_creators(wide.users, narrow.users) && covers_creators(wide.groups, narrow.groups);
}

void refuse_impossible(const Value& value, const Condition& condition) {
  const auto check = [&](std::string_view name, const auto& comparisons, std::int64_t least) {
    if (!comparisons.empty() && range_of(comparisons, least).is_empty()) {
      value.refuse_member(name, "never holds: no amount satisfies it");
    }
  };
  check("duration", condition.duration, 1);
  check("slack", condition.slack, kAnything);
  check("cpu", condition.cpu, 0);
  check("memory", condition.memory, 0);
  check("gpu", condition.gpu, 0);
  check("gpuMemory", condition.gpu_memory, 0);
}

std::optional<std::string> find_contradiction(const NodeRequirement& a, const NodeRequirement& b) {
  if (a.key != b.key) return std::nullopt;
  const std::string told = fmt::format("no node satisfies it together with the other requirement of {}", quoted(a.key));
  if (a.op == "DoesNotExist" || b.op == "DoesNotExist") {
    return needs_the_label(a) || needs_the_label(b) ? std::optional(told) : std::nullopt;
  }
  if (a.op == "In" || b.op == "In") {
    const NodeRequirement& listed = a.op == "In" ? a : b;
    const NodeRequirement& other = a.op == "In" ? b : a;
    const bool is_possible =
        std::ranges::any_of(listed.values, [&](const std::string& value) { return satisfies(value, other); });
    return is_possible ? std::nullopt : std::optional(told);
  }
  if ((a.op == "Gt" && b.op == "Lt") || (a.op == "Lt" && b.op == "Gt")) {
    const auto low = to_number((a.op == "Gt" ? a : b).values.front());
    const auto high = to_number((a.op == "Gt" ? b : a).values.front());
    if (low && high && before(*high) <= *low) return told;
  }
  return std::nullopt;
}

void refuse_unreached(const Value& list, const std::vector<Entry>& entries) {
  for (std::size_t late = 1; late < entries.size(); ++late) {
    if (!list.item(late).is_sound()) continue;
    for (std::size_t early = 0; early < late; ++early) {
      if (!entries[early].is_sure || !list.item(early).is_sound()) continue;
      if (!covers(*entries[early].when, *entries[late].when)) continue;
      const bool takes_all = entries[early].when->always_holds();
      list.item(late).refuse(fmt::format("is never reached: {} takes {}", entries[early].name,
                                         takes_all ? "everything" : "all that this one would"));
      break;
    }
  }
}

void refuse_unused_names(const Value& list, const std::vector<std::vector<std::string>>& names,
                         const std::vector<std::string>& skipped) {
  struct Earlier {
    std::string_view glob;
    std::size_t index;
  };
  std::map<std::string_view, std::size_t> exact;
  std::vector<Earlier> globs;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Value match = *list.item(i).find("match")->find("names");
    for (std::size_t k = 0; k < names[i].size(); ++k) {
      const std::string& name = names[i][k];
      const Value value = match.node().is_scalar() ? match : match.item(k);
      if (!value.is_sound()) continue;
      const bool is_glob = name.find_first_of(kWildcards) != std::string::npos;
      const auto by =
          std::ranges::find_if(globs, [&](const Earlier& earlier) { return covers_glob(earlier.glob, name); });
      const auto same = exact.find(name);
      if (!is_glob && std::ranges::find(skipped, name) != skipped.end()) {
        value.refuse("is never used: skipNamespaces has it");
      } else if (same != exact.end()) {
        value.refuse(fmt::format("is never used: namespaces[{}] has it, too", same->second));
      } else if (by != globs.end()) {
        value.refuse(fmt::format("is never used: namespaces[{}] takes {}", by->index, quoted(by->glob)));
      }
      if (is_glob) {
        globs.push_back({name, i});
      } else {
        exact.try_emplace(name, i);
      }
    }
  }
}

}  // namespace plimsoll::config
