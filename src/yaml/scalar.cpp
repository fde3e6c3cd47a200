#include "scalar.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <optional>
#include <span>

namespace plimsoll::yaml {
namespace {

using Kind = Node::Kind;

constexpr std::string_view kNull[] = {"", "~", "null", "Null", "NULL"};
constexpr std::string_view kTrue[] = {"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"};
constexpr std::string_view kFalse[] = {"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"};
constexpr std::string_view kNotFinite[] = {".nan",  ".NaN",  ".NAN",  ".inf",  ".Inf",  ".INF",
                                           "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF"};

bool is_one_of(std::string_view text, std::span<const std::string_view> words) {
  return std::find(words.begin(), words.end(), text) != words.end();
}

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string without_underscores(std::string_view text) {
  std::string plain(text);
  std::erase(plain, '_');
  return plain;
}

// Whether every underscore stands between two digits. goyaml drops them all, except where the text begins with a dot:
// there strconv.ParseFloat sees them.
bool separates_digits(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') continue;
    if (i == 0 || i + 1 == text.size() || !is_digit(text[i - 1]) || !is_digit(text[i + 1])) return false;
  }
  return true;
}

struct Integer {
  bool negative = false;
  std::uint64_t magnitude = 0;
};

// What strconv.ParseInt with base 0, then strconv.ParseUint, accept: 64 bits unsigned without a sign, 64 signed with
// one.
std::optional<Integer> parse_integer(std::string_view plain) {
  if (plain.empty()) return std::nullopt;
  // goyaml reads the bits after 0b once more, with a sign of their own.
  if (plain.size() > 3 && plain.starts_with("0b") && (plain[2] == '-' || plain[2] == '+')) {
    const std::string sign_first = plain[2] + std::string("0b") + std::string(plain.substr(3));
    return parse_integer(sign_first);
  }
  Integer number;
  const bool is_signed = plain[0] == '-' || plain[0] == '+';
  number.negative = plain[0] == '-';
  if (is_signed) plain.remove_prefix(1);
  if (plain.empty()) return std::nullopt;

  int base = 10;
  if (plain[0] == '0' && plain.size() > 1) {
    const char prefix = static_cast<char>(plain[1] | 0x20);
    base = prefix == 'x' ? 16 : prefix == 'b' ? 2 : 8;
    plain.remove_prefix(prefix == 'x' || prefix == 'b' || prefix == 'o' ? 2 : 1);
  }
  const auto [end, failure] = std::from_chars(plain.data(), plain.data() + plain.size(), number.magnitude, base);
  if (failure != std::errc{} || end != plain.data() + plain.size()) return std::nullopt;

  constexpr auto kLargest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (is_signed && number.magnitude > kLargest + (number.negative ? 1 : 0)) return std::nullopt;
  return number;
}

// [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?
bool looks_like_float(std::string_view text) {
  std::size_t at = 0;
  const auto skip_digits = [&] {
    const std::size_t from = at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at - from;
  };
  const auto skip_any_of = [&](std::string_view set) {
    const bool found = at < text.size() && set.find(text[at]) != std::string_view::npos;
    at += found ? 1 : 0;
    return found;
  };
  skip_any_of("+-");
  const std::size_t whole = skip_digits();
  if (skip_any_of(".")) {
    if (skip_digits() == 0 && whole == 0) return false;
  } else if (whole == 0) {
    return false;
  }
  if (skip_any_of("eE")) {
    skip_any_of("+-");
    if (skip_digits() == 0) return false;
  }
  return at == text.size();
}

// Nothing when the text is no decimal float, or one too large for a double: goyaml leaves that a string.
std::optional<double> parse_float(std::string_view plain) {
  if (!looks_like_float(plain)) return std::nullopt;
  const double value = std::strtod(std::string(plain).c_str(), nullptr);
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

// The shortest digits that mean exactly this number: 0.digits × 10^point.
struct Decimal {
  bool negative = false;
  std::string digits;
  int point = 0;
};

template <class Float>
Decimal shortest(Float value) {
  std::array<char, 64> text{};
  const auto written = std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific);
  std::string_view rest(text.data(), static_cast<std::size_t>(written.ptr - text.data()));
  Decimal decimal;
  decimal.negative = rest.starts_with('-');
  if (decimal.negative) rest.remove_prefix(1);
  const std::size_t e = rest.find('e');
  for (const char c : rest.substr(0, e)) {
    if (is_digit(c)) decimal.digits += c;
  }
  rest.remove_prefix(e + (rest[e + 1] == '+' ? 2 : 1));
  std::from_chars(rest.data(), rest.data() + rest.size(), decimal.point);
  ++decimal.point;
  return decimal;
}

// As Go writes it: digits it does not need are zeros, where std::to_chars gives those of the binary number.
std::string to_fixed(Decimal decimal) {
  const std::string sign = decimal.negative ? "-" : "";
  if (decimal.point <= 0)
    return sign + "0." + std::string(static_cast<std::size_t>(-decimal.point), '0') + decimal.digits;
  const auto whole = static_cast<std::size_t>(decimal.point);
  if (decimal.digits.size() <= whole) {
    decimal.digits.resize(whole, '0');
    return sign + decimal.digits;
  }
  return sign + decimal.digits.insert(whole, 1, '.');
}

std::string to_scientific(Decimal decimal, int exponent_digits) {
  const int exponent = decimal.point - 1;
  if (decimal.digits.size() > 1) decimal.digits.insert(1, 1, '.');
  std::string power = std::to_string(std::abs(exponent));
  if (static_cast<int>(power.size()) < exponent_digits) power.insert(0, 1, '0');
  return (decimal.negative ? "-" : "") + decimal.digits + (exponent < 0 ? "e-" : "e+") + power;
}

// encoding/json: an exponent only outside 1e-6 … 1e21.
std::string to_go_json(double value) {
  const double size = std::abs(value);
  const bool plain = size == 0 || (size >= 1e-6 && size < 1e21);
  return plain ? to_fixed(shortest(value)) : to_scientific(shortest(value), 1);
}

// strconv.FormatFloat(value, 'g', -1, 32), to which sigs.k8s.io/yaml puts a key, single precision included.
std::string to_go_key(double value) {
  if (std::abs(value) > static_cast<double>(std::numeric_limits<float>::max())) return value < 0 ? "-.inf" : ".inf";
  const Decimal decimal = shortest(static_cast<float>(value));
  const int exponent = decimal.point - 1;
  return exponent < -4 || exponent >= 6 ? to_scientific(decimal, 2) : to_fixed(decimal);
}

}  // namespace

Kind resolve_plain(std::string_view text) {
  if (is_one_of(text, kNull)) return Kind::Null;
  if (is_true(text) || is_one_of(text, kFalse)) return Kind::Bool;
  if (is_infinite_or_nan(text)) return Kind::Float;
  const char first = text[0];
  if (first == '.' && !separates_digits(text)) return Kind::String;
  if (!is_digit(first) && first != '+' && first != '-' && first != '.') return Kind::String;
  const std::string plain = without_underscores(text);
  if (first != '.' && parse_integer(plain)) return Kind::Int;
  return parse_float(plain) ? Kind::Float : Kind::String;
}

bool is_infinite_or_nan(std::string_view text) {
  return is_one_of(text, kNotFinite);
}

bool is_true(std::string_view text) {
  return is_one_of(text, kTrue);
}

std::string to_json_number(Kind kind, std::string_view text) {
  const std::string plain = without_underscores(text);
  if (kind == Kind::Float) return to_go_json(parse_float(plain).value_or(0));
  const Integer number = parse_integer(plain).value_or(Integer{});
  const bool minus = number.negative && number.magnitude != 0;
  return (minus ? "-" : "") + std::to_string(number.magnitude);
}

std::string to_member_name(const Node& key) {
  switch (key.kind) {
    case Kind::Bool:
      return key.truth() ? "true" : "false";
    case Kind::Int:
      return to_json_number(key.kind, key.text);
    case Kind::Float:
      return to_go_key(parse_float(without_underscores(key.text)).value_or(0));
    default:
      return key.text;
  }
}

}  // namespace plimsoll::yaml
