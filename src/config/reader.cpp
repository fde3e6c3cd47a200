#include "reader.hpp"

#include <fmt/format.h>

#include <charconv>

#include "amounts.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::config {
namespace {

using Kind = yaml::Node::Kind;

// YAML reads 010 as eight and 0x10 as sixteen; the text says neither.
bool is_plain_decimal(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const bool leading_zero = text.size() > 1 && text[0] == '0';
  return !text.empty() && !leading_zero && text.find_first_not_of("0123456789") == std::string_view::npos;
}

bool is_plain_word(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

/// `max_per_pod` and `max-per-pod` as `maxperpod`: other projects' habits for the same name.
std::string without_style(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == '_' || c == '-') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return plain;
}

std::optional<std::string_view> meant(std::string_view word, std::span<const std::string_view> known) {
  const std::string plain = without_style(word.substr(0, kDisplayLimit));
  for (const std::string_view name : known) {
    if (without_style(name) == plain) return name;
  }
  return nearest(word, known);
}

template <class T>
void read_amount(const Value& value, T& out) {
  const auto text = scalar_text(value, kWhat<T>);
  if (!text) return;
  if (auto parsed = parse_amount<T>(*text); parsed.has_value()) {
    out = *parsed;
  } else {
    value.refuse(std::move(parsed).error().message);
  }
}

}  // namespace

std::optional<Value> Value::find(std::string_view name) const {
  for (const yaml::Node::Entry& entry : node_->entries) {
    if (entry.key.text == name && entry.value.kind != Kind::Null) return member(entry);
  }
  return std::nullopt;
}

Value Value::member(const yaml::Node::Entry& entry) const {
  const std::string key = to_display(entry.key.text);
  if (!is_plain_word(key)) return {entry.value, fmt::format("{}[{}]", path_, key), *problems_};
  return {entry.value, path_.empty() ? key : fmt::format("{}.{}", path_, key), *problems_};
}

Value Value::item(std::size_t index) const {
  return {node_->items[index], fmt::format("{}[{}]", path_, index), *problems_};
}

void Value::refuse(std::string message) const {
  problems_->push_back({node_->mark.line, node_->mark.column, path_, std::move(message)});
}

void Value::refuse_key(const yaml::Node::Entry& entry, std::string message) const {
  problems_->push_back({entry.key.mark.line, entry.key.mark.column, member(entry).path_, std::move(message)});
}

void Value::refuse_member(std::string_view name, std::string message) const {
  const std::optional<Value> found = find(name);
  if (found && found->is_sound()) found->refuse(std::move(message));
}

void Value::refuse_together(std::initializer_list<std::string_view> names, std::string message) const {
  std::optional<Value> last;
  for (const std::string_view name : names) {
    const std::optional<Value> found = find(name);
    if (!found) continue;
    if (!found->is_sound()) return;
    const auto place = [](const Value& value) { return std::pair(value.node_->mark.line, value.node_->mark.column); };
    if (!last || place(*found) > place(*last)) last = found;
  }
  last.value_or(*this).refuse(std::move(message));
}

bool Value::is_sound() const {
  return std::none_of(problems_->begin(), problems_->end(), [&](const Problem& problem) {
    if (!problem.path.starts_with(path_)) return false;
    const std::string_view rest = std::string_view(problem.path).substr(path_.size());
    return rest.empty() || rest.front() == '.' || rest.front() == '[';
  });
}

std::string describe(const yaml::Node& node) {
  switch (node.kind) {
    case Kind::Null:
      return "null";
    case Kind::Bool:
      return fmt::format("{} (a boolean to YAML; quoted it is a text)", node.text);
    case Kind::Int:
    case Kind::Float:
    case Kind::String:
      return quoted(node.text);
    case Kind::Sequence:
      return "a list";
    case Kind::Map:
      return "a map";
  }
  return {};
}

std::optional<std::string_view> scalar_text(const Value& value, std::string_view what) {
  const yaml::Node& node = value.node();
  if (!node.is_scalar() || node.kind == Kind::Null || node.kind == Kind::Bool) {
    value.refuse(fmt::format("must be {}, not {}", what, describe(node)));
    return std::nullopt;
  }
  if (node.kind == Kind::Int && !is_plain_decimal(node.text)) {
    value.refuse(fmt::format("{} is another number to YAML than it looks: write it as a plain decimal, or quote it",
                             to_display(node.text)));
    return std::nullopt;
  }
  return node.text;
}

bool is_table(const Value& value, std::span<const std::string_view> names) {
  if (value.node().kind == Kind::Map) return true;
  value.refuse(fmt::format("must be a map of {}, not {}", listed(names), describe(value.node())));
  return false;
}

bool is_list(const Value& value) {
  if (value.node().kind == Kind::Sequence) return true;
  value.refuse(fmt::format("must be a list, not {}", describe(value.node())));
  return false;
}

std::string suggestion(std::string_view word, std::span<const std::string_view> known) {
  const auto name = meant(word, known);
  return name ? fmt::format("; did you mean {}?", quoted(*name)) : std::string();
}

std::string unknown_field(std::string_view name, std::span<const std::string_view> known) {
  const std::string advice = suggestion(name, known);
  return "unknown field" + (advice.empty() ? "; known here: " + listed(known) : advice);
}

std::string alternatives(std::span<const std::string_view> words) {
  if (words.size() < 2) return listed(words);
  return fmt::format("{} or {}", listed(words.first(words.size() - 1)), words.back());
}

std::string listed(std::span<const std::string_view> words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

std::optional<std::size_t> read_word(const Value& value, std::span<const std::string_view> words) {
  const std::string allowed = alternatives(words);
  const auto text = scalar_text(value, allowed);
  if (!text) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found == words.end()) {
    value.refuse(fmt::format("must be {}, not {}{}", allowed, quoted(*text), suggestion(*text, words)));
    return std::nullopt;
  }
  return static_cast<std::size_t>(found - words.begin());
}

void read(const Value& value, bool& out) {
  if (value.node().kind == Kind::Bool) {
    out = value.node().truth();
  } else {
    value.refuse(fmt::format("must be true or false (without quotes), not {}", describe(value.node())));
  }
}

void read(const Value& value, Ratio& out) {
  read_amount(value, out);
}
void read(const Value& value, MilliCpu& out) {
  read_amount(value, out);
}
void read(const Value& value, Bytes& out) {
  read_amount(value, out);
}
void read(const Value& value, Duration& out) {
  read_amount(value, out);
}

void read_enlarging(const Value& value, Ratio& out) {
  Ratio ratio;
  read_amount(value, ratio);
  if (ratio.thousandths() >= 1000) {
    out = ratio;
  } else {
    value.refuse(fmt::format("must be 1 or more, not {}", quoted(value.node().text)));
  }
}

void read_integer(const Value& value, std::int64_t& out, std::int64_t low, std::int64_t high) {
  constexpr auto kLimit = std::numeric_limits<std::int64_t>::max();
  const std::string what = high < kLimit ? fmt::format("a whole number from {} to {}", low, high)
                           : low > std::numeric_limits<std::int64_t>::min()
                               ? fmt::format("a whole number, {} or more", low)
                               : "a whole number";
  const auto text = scalar_text(value, what);
  if (!text) return;
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number < low || number > high) {
    value.refuse(fmt::format("must be {}, not {}", what, quoted(*text)));
  } else {
    out = number;
  }
}

}  // namespace plimsoll::config
