// Conditions: small tables of comparisons and names, all of which must hold.
#include <fmt/format.h>

#include <array>

#include "amounts.hpp"
#include "coverage.hpp"
#include "plimsoll/base/text.hpp"
#include "reader.hpp"
#include "syntax.hpp"

namespace plimsoll::config {
namespace {

template <class T>
using Comparisons = std::vector<Comparison<T>>;

// Two characters before one, so that `<=` is not read as `<`.
template <class T>
constexpr std::array<std::pair<std::string_view, typename Comparison<T>::Op>, 7> kOperators = {{
    {"<=", Comparison<T>::Op::LessOrEqual},
    {">=", Comparison<T>::Op::GreaterOrEqual},
    {"!=", Comparison<T>::Op::NotEqual},
    {"==", Comparison<T>::Op::Equal},
    {"<", Comparison<T>::Op::Less},
    {">", Comparison<T>::Op::Greater},
    {"=", Comparison<T>::Op::Equal},
}};

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Reads `<=5m`; a bare amount means `=`.
template <class T>
Result<Comparison<T>> parse_comparison(std::string_view text) {
  Comparison<T> comparison{};
  std::string_view operand = text;
  for (const auto& [sign, op] : kOperators<T>) {
    if (text.starts_with(sign)) {
      comparison.op = op;
      operand = trimmed(text.substr(sign.size()));
      break;
    }
  }
  if (operand.empty()) {
    return fail(ErrorCode::Invalid, fmt::format("{} compares with nothing: it needs {}", quoted(text), kWhat<T>));
  }
  if (operand.find_first_of("<>=!") != std::string_view::npos) {
    return fail(ErrorCode::Invalid, fmt::format("{} is no comparison; write <, <=, =, !=, >= or > before {}, "
                                                "and commas between several",
                                                quoted(text), kWhat<T>));
  }
  PLIMSOLL_TRY(amount, parse_amount<T>(operand));
  comparison.operand = amount;
  return comparison;
}

template <class T>
void read(const Value& value, Comparisons<T>& out) {
  const auto text = scalar_text(value, fmt::format("a comparison with {}", kWhat<T>));
  if (!text) return;
  out.clear();
  for (std::string_view rest = *text;;) {
    const std::size_t comma = rest.find(',');
    auto comparison = parse_comparison<T>(trimmed(rest.substr(0, comma)));
    if (!comparison.has_value()) return value.refuse(std::move(comparison).error().message);
    out.push_back(*comparison);
    if (comma == std::string_view::npos) return;
    rest.remove_prefix(comma + 1);
  }
}

void check(const Value& value, const Condition& condition) {
  // Slack may well be negative: the deadline can no longer be met.
  for (const Comparison<Duration>& comparison : condition.duration) {
    if (comparison.operand < Duration()) value.refuse_member("duration", "must not be negative");
  }
  refuse_impossible(value, condition);
}

}  // namespace

template <>
const Schema<Condition>& schema<Condition>() {
  static const Schema<Condition> kSchema{
      {
          field("duration", &Condition::duration, read<Duration>),
          field("slack", &Condition::slack, read<Duration>),
          field("cpu", &Condition::cpu, read<MilliCpu>),
          field("memory", &Condition::memory, read<Bytes>),
          field("gpu", &Condition::gpu, read<GpuCount>),
          field("gpuMemory", &Condition::gpu_memory, read<Bytes>),
          field("interruptible", &Condition::interruptible,
                [](const Value& value, std::optional<bool>& out) { read(value, out.emplace()); }),
          field("confidence", &Condition::confidence,
                one_or_more([](const Value& value, Confidence& out) { read(value, out); })),
          field("kind", &Condition::kinds, one_or_more(written_as(kKindGlob))),
          field("namespace", &Condition::namespaces, one_or_more(written_as(kNamespaceGlob))),
          field("scheduler", &Condition::schedulers, one_or_more(written_as(kGlob))),
          field("user", &Condition::users, one_or_more(written_as(kGlob))),
          field("groups", &Condition::groups, one_or_more(written_as(kGlob))),
          field("labels", &Condition::labels, [](const Value& value, auto& out) { read_labels(value, out, kGlob); }),
      },
      check,
  };
  return kSchema;
}

namespace {

constexpr auto kConfidences = std::to_array<std::string_view>({"low", "medium", "high"});

}  // namespace

std::string_view to_text(Confidence confidence) {
  return kConfidences[static_cast<std::size_t>(confidence)];
}

void read(const Value& value, Confidence& out) {
  if (const auto index = read_word(value, kConfidences)) out = static_cast<Confidence>(*index);
}

void read(const Value& value, Condition& out) {
  read_table(value, out);
}

}  // namespace plimsoll::config
