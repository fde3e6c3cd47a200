#include "plimsoll/audit/chain.hpp"

#include <algorithm>
#include <charconv>

#include "chain_line.hpp"
#include "plimsoll/base/contract.hpp"
#include "plimsoll/digest/digest.hpp"
#include "plimsoll/json/writer.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll::audit {
namespace {

constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kNameDigits = 16;

bool is_hexadecimal(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

// Takes `key` + so many hexadecimal digits + a quotation mark from the end of `text`.
std::optional<std::string_view> take_digits(std::string_view& text, std::string_view key, std::size_t digits) {
  const std::size_t length = key.size() + digits + 1;
  if (text.size() < length || text.back() != '"') return std::nullopt;
  const std::string_view member = text.substr(text.size() - length);
  const std::string_view value = member.substr(key.size(), digits);
  if (!member.starts_with(key) || !is_hexadecimal(value)) return std::nullopt;
  text.remove_suffix(length);
  return value;
}

std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view key) {
  const std::size_t at = text.rfind(key);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view digits = text.substr(at + key.size());
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  text = text.substr(0, at);
  return number;
}

std::string_view to_text(Event::Kind kind) {
  switch (kind) {
    case Event::Kind::Start:
      return "start";
    case Event::Kind::Rotated:
      return "rotated";
    case Event::Kind::Resumed:
      return "resumed";
    case Event::Kind::Lost:
      return "lost";
    case Event::Kind::Stop:
      return "stop";
  }
  return "";
}

}  // namespace

std::optional<SealedLine> read_seal(std::string_view line) {
  std::string_view rest = line;
  if (!rest.ends_with('}')) return std::nullopt;
  rest.remove_suffix(1);
  const auto hash = take_digits(rest, R"(,"hash":")", kHashDigits);
  if (!hash) return std::nullopt;
  const std::string_view hashed = rest;
  const auto previous = take_digits(rest, R"(,"previous":")", kHashDigits);
  if (!previous) return std::nullopt;
  const auto seq = take_number(rest, R"(,"seq":)");
  if (!seq || *seq == 0) return std::nullopt;
  const auto name = take_digits(rest, R"(,"chain":")", kNameDigits);
  if (!name) return std::nullopt;
  return SealedLine{{std::string(*name), *seq, std::string(*hash)}, std::string(*previous), hashed};
}

std::string hash_of(std::string_view bytes, std::string_view key) {
  return key.empty() ? digest::sha256_hex(bytes) : digest::hmac_sha256_hex(key, bytes);
}

Link make_first_link(std::string name) {
  PLIMSOLL_ASSERT(name.size() == kNameDigits && is_hexadecimal(name));
  return {std::move(name), 0, std::string(kHashDigits, '0')};
}

std::optional<Link> read_link(std::string_view line, std::string_view key) {
  auto sealed = read_seal(line);
  if (!sealed || hash_of(sealed->hashed, key) != sealed->link.hash) return std::nullopt;
  return std::move(sealed->link);
}

std::string seal(std::string line, Link& last, std::string_view key) {
  PLIMSOLL_ASSERT(line.size() > 2 && line.back() == '}');
  line.pop_back();
  line +=
      R"(,"chain":")" + last.chain + R"(","seq":)" + std::to_string(++last.seq) + R"(,"previous":")" + last.hash + '"';
  last.hash = hash_of(line, key);
  line += R"(,"hash":")" + last.hash + R"("})";
  return line;
}

std::string encode_event(const Event& event) {
  json::Writer w;
  w.begin_object().member("v", std::int64_t{1}).member("time", plimsoll::to_text(event.time));
  w.member("event", to_text(event.kind));
  if (event.lost > 0) w.member("count", static_cast<std::int64_t>(event.lost));
  if (!event.torn.empty()) w.member("torn", event.torn);
  w.end_object();
  return std::move(w).take();
}

}  // namespace plimsoll::audit
