// JSON values as YAML for people, laid out as kubectl prints it.
//
//   spec:
//     containers:
//     - name: train            dashes stand below the key of their sequence,
//       volumeMounts: []       a map goes on below its first key, and only what is empty is in flow style
//
// A string stays bare when YAML reads it back as that string; otherwise it is quoted: 'so' when all of it can be seen,
// "so" when it could be taken for another type or holds what must be escaped. Lines become a block where that keeps
// every byte.
#include "write.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

#include "plimsoll/json/writer.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "scalar.hpp"

namespace plimsoll::yaml {
namespace {

// YAML's limit for a key before its colon is 1024 characters; a longer one takes the explicit form, `? key`.
constexpr std::size_t kLongestSimpleKey = 1000;

// [-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?
//
// YAML 1.1 counts these in base 60. goyaml does not, but other readers do, and so it puts them in quotes.
bool is_sexagesimal(std::string_view text) {
  std::size_t at = !text.empty() && (text[0] == '-' || text[0] == '+') ? 1 : 0;
  const auto is_digit_at = [&](std::size_t i) { return i < text.size() && text[i] >= '0' && text[i] <= '9'; };
  const auto skip_digits = [&] {
    while (is_digit_at(at) || (at < text.size() && text[at] == '_')) ++at;
  };
  if (!is_digit_at(at)) return false;
  skip_digits();
  std::size_t groups = 0;
  for (; at < text.size() && text[at] == ':' && is_digit_at(at + 1); ++groups) {
    at += is_digit_at(at + 2) && text[at + 1] <= '5' ? 3U : 2U;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    skip_digits();
  }
  return groups > 0 && at == text.size();
}

// yyyy-m-d and anything that begins as a time after it: a string to sigs.k8s.io/yaml, a time to others.
bool is_timestamp(std::string_view text) {
  const auto take_digits = [&](std::size_t most) {
    std::size_t count = 0;
    while (count < most && count < text.size() && text[count] >= '0' && text[count] <= '9') ++count;
    text.remove_prefix(count);
    return count;
  };
  const auto take_dash = [&] {
    const bool found = text.starts_with('-');
    if (found) text.remove_prefix(1);
    return found;
  };
  if (take_digits(4) != 4 || !take_dash() || take_digits(2) == 0 || !take_dash() || take_digits(2) == 0) return false;
  return text.empty() || text[0] == 'T' || text[0] == 't' || text[0] == ' ';
}

// Length of a character that only an escape shows, at the head of `text`: a control character, NEL, the separators
// U+2028 and U+2029 (line breaks in YAML 1.1), the byte-order mark, and U+FFFE, U+FFFF.
std::size_t must_escape(std::string_view text) {
  const auto byte = static_cast<unsigned char>(text[0]);
  if (byte < 0x20 || byte == 0x7F) return 1;
  if (byte == 0xC2) return static_cast<unsigned char>(text[1]) < 0xA0 ? 2 : 0;
  if (text.starts_with("\xE2\x80\xA8") || text.starts_with("\xE2\x80\xA9")) return 3;
  if (text.starts_with("\xEF\xBB\xBF") || text.starts_with("\xEF\xBF\xBE") || text.starts_with("\xEF\xBF\xBF"))
    return 3;
  return 0;
}

bool has_escapes(std::string_view text, std::string_view except = {}) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (must_escape(text.substr(i)) > 0 && except.find(text[i]) == std::string_view::npos) return true;
  }
  return false;
}

// Whether a plain scalar of these characters is one scalar, whatever its type.
bool is_plain(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (text.starts_with("---") || text.starts_with("...")) return false;
  if (std::string_view("#,[]{}&*!|>'\"%@`").find(text[0]) != std::string_view::npos) return false;
  const bool indicates = text[0] == '-' || text[0] == '?' || text[0] == ':';
  if (indicates && (text.size() == 1 || text[1] == ' ')) return false;
  return text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos;
}

bool is_mistakable(std::string_view text) {
  return resolve_plain(text) != Node::Kind::String || text == "<<" || is_sexagesimal(text) || is_timestamp(text);
}

std::uint32_t code_point(std::string_view bytes) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])); };
  if (bytes.size() == 1) return byte(0);
  if (bytes.size() == 2) return (byte(0) & 0x1FU) << 6U | (byte(1) & 0x3FU);
  return (byte(0) & 0x0FU) << 12U | (byte(1) & 0x3FU) << 6U | (byte(2) & 0x3FU);
}

}  // namespace

std::string in_double_quotes(std::string_view text) {
  std::string out = "\"";
  while (!text.empty()) {
    const std::size_t length = must_escape(text);
    if (text[0] == '"' || text[0] == '\\') {
      (out += '\\') += text[0];
    } else if (text[0] == '\n') {
      out += "\\n";
    } else if (text[0] == '\t') {
      out += "\\t";
    } else if (text[0] == '\r') {
      out += "\\r";
    } else if (length > 0) {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(code_point(text.substr(0, length))));
      out += escape.data();
    } else {
      out += text[0];
    }
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return out + '"';
}

std::string in_single_quotes(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    out += c;
    if (c == '\'') out += c;
  }
  return out + '\'';
}

std::string to_scalar(std::string_view text) {
  if (is_mistakable(text) || has_escapes(text)) return in_double_quotes(text);
  return is_plain(text) ? std::string(text) : in_single_quotes(text);
}

// Whether a block scalar keeps `text`: lines without anything at their ends that is lost or unseen, and a first line
// that shows the indentation.
bool is_block(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return false;
  if (std::string_view(" \t\n").find(text.front()) != std::string_view::npos) return false;
  if (text.ends_with("\n\n") || text.back() == ' ' || text.back() == '\t') return false;
  if (text.find(" \n") != std::string_view::npos || text.find("\t\n") != std::string_view::npos) return false;
  return !has_escapes(text, "\n\t");
}

namespace {

// In brackets more characters end a plain scalar.
std::string to_flow_scalar(std::string_view text) {
  std::string scalar = to_scalar(text);
  const bool is_bare = scalar == text;
  return is_bare && text.find_first_of(",[]{}:?#\"'") != std::string_view::npos ? in_double_quotes(text) : scalar;
}

class Writer {
 public:
  Writer(const Layout& layout, std::size_t spaces) : layout_(layout), out_(spaces, ' ') {}

  void append(json::View view, Place place, std::size_t indent) {
    if (view.is_object() && view.size() > 0) {
      if (place == Place::Member) end_line();
      append_members(view, indent);
    } else if (view.is_array() && view.size() > 0) {
      if (place == Place::Member) end_line();
      append_items(view, indent);
    } else {
      if (place == Place::Member) out_ += ' ';
      append_leaf(view, indent);
    }
  }

  [[nodiscard]] std::string take() && { return std::move(out_); }

 private:
  void end_line() { out_ += '\n'; }

  // Only the first entry of a map or sequence may stand on the line of a dash; every value ends its line.
  void begin_entry(std::size_t indent) {
    if (out_.empty() || out_.back() == '\n') out_.append(indent, ' ');
  }

  void append_members(json::View object, std::size_t indent) {
    for (const auto [key, value] : object.members()) {
      begin_entry(indent);
      const std::string name = to_scalar(key);
      if (name.size() > kLongestSimpleKey) {
        out_ += "? " + name + '\n';
        out_.append(indent, ' ');
        out_ += ':';
      } else {
        out_ += name + ':';
      }
      append(value, Place::Member, indent + (value.is_array() ? layout_.sequence : layout_.step));
    }
  }

  void append_items(json::View array, std::size_t indent) {
    for (const json::View item : array.elements()) {
      begin_entry(indent);
      (out_ += '-').append(layout_.dash - 1, ' ');
      append(item, Place::Item, indent + layout_.dash);
    }
  }

  void append_leaf(json::View view, std::size_t indent) {
    const auto text = view.text();
    if (text && is_block(*text)) {
      append_block(*text, std::max<std::size_t>(indent, 2));
    } else {
      out_ += text ? to_scalar(*text) : json::write(view);
      end_line();
    }
  }

  void append_block(std::string_view text, std::size_t indent) {
    out_ += text.ends_with('\n') ? "|\n" : "|-\n";
    while (!text.empty()) {
      const std::size_t line_break = text.find('\n');
      const std::string_view line = text.substr(0, line_break);
      if (!line.empty()) out_.append(indent, ' ') += line;
      end_line();
      text.remove_prefix(line_break == std::string_view::npos ? text.size() : line_break + 1);
    }
  }

  const Layout& layout_;
  std::string out_;
};

}  // namespace

std::string write_block(json::View view, Place place, std::size_t indent, const Layout& layout) {
  Writer writer(layout, place == Place::Item ? layout.dash - 1 : 0);
  writer.append(view, place, indent);
  return std::move(writer).take();
}

std::string write(json::View view) {
  return write_block(view, Place::Root, 0, {});
}

std::string write_flow_key(std::string_view key, const Flow& flow) {
  return flow.quotes == Flow::Quotes::Always ? json::to_json_string(key) : to_flow_scalar(key);
}

std::string write_flow(json::View view, const Flow& flow) {
  if (view.size() == 0) {
    const auto text = view.text();
    return text && flow.quotes == Flow::Quotes::AsNeeded ? to_flow_scalar(*text) : json::write(view);
  }
  Flow inner = flow;
  inner.indent += flow.step;
  const std::string separator = flow.has_lines ? '\n' + inner.indent : flow.after_comma;
  std::string out;
  const auto begin_entry = [&] {
    if (!out.empty()) {
      out += ',' + separator;
    } else if (flow.has_lines) {
      out += separator;
    }
  };
  for (const auto [key, value] : view.members()) {
    begin_entry();
    out += write_flow_key(key, flow) + ':' + flow.after_colon + write_flow(value, inner);
  }
  for (const json::View item : view.elements()) {
    begin_entry();
    out += write_flow(item, inner);
  }
  if (flow.has_lines) out += '\n' + flow.indent;
  return view.is_object() ? '{' + out + '}' : '[' + out + ']';
}

}  // namespace plimsoll::yaml
