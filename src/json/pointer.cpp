#include "plimsoll/json/pointer.hpp"

#include <algorithm>
#include <charconv>

#include "tokens.hpp"

namespace plimsoll::json {
namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

// Letters, digits, `-` and `_`, but not digits alone, which would be an index.
bool is_name(std::string_view token) {
  bool is_index = true;
  for (const char c : token) {
    if (is_letter(c)) {
      is_index = false;
    } else if (!is_digit(c)) {
      return false;
    }
  }
  return !is_index;
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

Pointer& Pointer::operator/=(std::string_view key) {
  text_ += '/';
  if (key.find('~') == std::string_view::npos && key.find('/') == std::string_view::npos) {
    text_ += key;
    return *this;
  }
  for (const char c : key) {
    if (c == '~') {
      text_ += "~0";
    } else if (c == '/') {
      text_ += "~1";
    } else {
      text_ += c;
    }
  }
  return *this;
}

Pointer Pointer::operator/(std::string_view key) const {
  std::string text;
  text.reserve(text_.size() + 1 + key.size());
  text += text_;
  Pointer deeper(std::move(text));
  deeper /= key;
  return deeper;
}

Pointer Pointer::operator/(std::size_t index) const {
  return Pointer(text_ + '/' + std::to_string(index));
}

std::vector<std::string> Pointer::tokens() const {
  std::vector<std::string> tokens;
  for (TokenReader reader(text_); !reader.is_at_end();) tokens.emplace_back(reader.next());
  return tokens;
}

Pointer Pointer::parent() const {
  return Pointer(text_.substr(0, text_.rfind('/')));
}

std::string Pointer::last() const {
  return std::string(TokenReader(std::string_view(text_).substr(text_.rfind('/'))).next());
}

void append_field(std::string& path, std::string_view token) {
  if (is_name(token)) {
    if (!path.empty()) path += '.';
    path += token;
  } else {
    path += '[';
    path += token;
    path += ']';
  }
}

std::string to_field_path(const Pointer& pointer) {
  std::string path;
  path.reserve(pointer.text().size() + 1);
  for (TokenReader reader(pointer.text()); !reader.is_at_end();) append_field(path, reader.next());
  return path;
}

}  // namespace plimsoll::json
