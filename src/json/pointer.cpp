#include "plimsoll/json/pointer.hpp"

#include <algorithm>
#include <charconv>

#include "tokens.hpp"

namespace plimsoll::json {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_plain(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

}  // namespace

std::string_view TokenReader::next() {
  const std::size_t end = std::min(rest_.find('/', 1), rest_.size());
  std::string_view token = rest_.substr(1, end - 1);
  rest_.remove_prefix(end);
  if (token.find('~') == std::string_view::npos) return token;

  unescaped_.clear();
  while (!token.empty()) {
    const bool is_escape = token[0] == '~' && token.size() > 1 && (token[1] == '0' || token[1] == '1');
    unescaped_ += is_escape ? (token[1] == '0' ? '~' : '/') : token[0];
    token.remove_prefix(is_escape ? 2 : 1);
  }
  return unescaped_;
}

std::optional<std::size_t> parse_index(std::string_view token) {
  if (token.empty() || !is_digit(token[0]) || (token[0] == '0' && token.size() > 1)) return std::nullopt;
  std::size_t index = 0;
  const auto [end, failure] = std::from_chars(token.data(), token.data() + token.size(), index);
  if (failure != std::errc() || end != token.data() + token.size()) return std::nullopt;
  return index;
}

Pointer Pointer::operator/(std::string_view key) const {
  std::string text;
  text.reserve(text_.size() + 1 + key.size());
  text += text_;
  text += '/';
  for (const char c : key) {
    if (c == '~') {
      text += "~0";
    } else if (c == '/') {
      text += "~1";
    } else {
      text += c;
    }
  }
  return Pointer(std::move(text));
}

Pointer Pointer::operator/(std::size_t index) const {
  return Pointer(text_ + '/' + std::to_string(index));
}

std::vector<std::string> Pointer::tokens() const {
  std::vector<std::string> tokens;
  for (TokenReader reader(text_); !reader.is_at_end();) tokens.emplace_back(reader.next());
  return tokens;
}

std::string to_field_path(const Pointer& pointer) {
  std::string path;
  for (TokenReader reader(pointer.text()); !reader.is_at_end();) {
    const std::string_view token = reader.next();
    const bool is_index = !token.empty() && std::all_of(token.begin(), token.end(), is_digit);
    const bool is_name = !is_index && !token.empty() && std::all_of(token.begin(), token.end(), is_plain);
    if (is_name) {
      if (!path.empty()) path += '.';
      path += token;
    } else {
      path += '[';
      path += token;
      path += ']';
    }
  }
  return path;
}

}  // namespace plimsoll::json
