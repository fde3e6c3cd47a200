#include "source.hpp"

#include <yaml-cpp/mark.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "events.hpp"
#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::yaml {
namespace {

using Kind = Piece::Kind;

constexpr std::string_view kSpace = " \t\r\n";

bool is_one_of(char c, std::string_view set) {
  return set.find(c) != std::string_view::npos;
}

struct Document {
  std::size_t begin = 0;
  std::optional<Piece> root = std::nullopt;  // nothing for an empty one
};

/// Builds the pieces, with nothing but where they begin.
class Collector final : public YAML::EventHandler {
 public:
  explicit Collector(std::string_view text) : text_(text) {}

  [[nodiscard]] std::vector<Document> take() && { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override { documents_.push_back({static_cast<std::size_t>(mark.pos)}); }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Piece piece = make(Kind::Empty, mark, anchor, "?");
    const bool is_written = anchor != 0 || !null_word(text_.substr(std::min(piece.begin, text_.size()))).empty();
    if (!open_.empty() || is_written) place(std::move(piece));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override { place(make(Kind::Alias, mark, anchor, "?")); }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Piece piece = make(Kind::Scalar, mark, anchor, tag == "!" ? "?" : tag);
    piece.text = value;
    place(std::move(piece));
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(make(Kind::Sequence, mark, anchor, tag), style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(make(Kind::Map, mark, anchor, tag), style);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Open {
    Piece piece;
    std::optional<Piece> key = std::nullopt;
  };

  static Piece make(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor, std::string_view tag) {
    Piece piece;
    piece.kind = kind;
    piece.anchor = anchor;
    piece.begin = static_cast<std::size_t>(mark.pos);
    piece.is_tagged = tag != "?" && !tag.empty();
    return piece;
  }
  void open(Piece piece, YAML::EmitterStyle::value style) {
    piece.is_flow = style == YAML::EmitterStyle::Flow;
    open_.push_back({std::move(piece)});
  }
  void close() {
    Piece piece = std::move(open_.back().piece);
    open_.pop_back();
    place(std::move(piece));
  }
  void place(Piece piece) {
    if (open_.empty()) {
      documents_.back().root = std::move(piece);
      return;
    }
    Open& around = open_.back();
    if (around.piece.kind == Kind::Sequence) {
      around.piece.parts.push_back({{}, 0, std::move(piece)});
    } else if (!around.key) {
      around.key = std::move(piece);
    } else {
      around.piece.parts.push_back({std::move(*around.key), 0, std::move(piece)});
      around.key.reset();
    }
  }

  std::string_view text_;
  std::vector<Document> documents_;
  std::vector<Open> open_;
};

/// Goes through the text once and completes the pieces. Each function returns whether what it looked for was there.
class Walk {
 public:
  Walk(std::string_view text, std::size_t begin) : text_(text), at_(begin) {}

  /// `indent` is the column of the block map or sequence around, -1 at the root.
  bool place(Piece& piece, int indent);

 private:
  [[nodiscard]] bool is_at(char c) const { return at_ < text_.size() && text_[at_] == c; }
  /// A `?`, `-` or `:` that is an indicator, not the first character of a word.
  [[nodiscard]] bool is_indicator(char c) const {
    return is_at(c) && (at_ + 1 == text_.size() || is_one_of(text_[at_ + 1], kSpace));
  }
  void skip_properties(const Piece& piece);
  bool place_content(Piece& piece, int indent);
  bool place_items(Piece& piece);
  bool place_entries(Piece& piece);
  bool place_in_brackets(Piece& piece);
  bool place_scalar(Piece& piece, int indent);
  void skip_quotes(char quote);
  void skip_block(int indent);

  std::string_view text_;
  std::size_t at_;
};

bool Walk::place(Piece& piece, int indent) {
  const std::size_t before = at_;
  const std::size_t mark = piece.begin;
  at_ = skip_space(text_, at_);
  piece.begin = at_;
  const bool is_empty = piece.kind == Kind::Empty && piece.anchor == 0;
  if (!is_empty && piece.begin != mark) return false;
  skip_properties(piece);
  piece.head = at_;
  if (piece.kind == Kind::Empty) {
    const std::string_view word = null_word(text_.substr(skip_space(text_, at_)));
    if (!word.empty()) {
      piece.kind = Kind::Scalar;
      piece.text = word;
    } else if (is_empty) {
      piece.begin = piece.head = at_ = before;
    }
  }
  if (piece.head != piece.begin && piece.kind != Kind::Empty) {
    const std::size_t content = skip_space(text_, at_);
    // A text of nothing without quotes ends where its tag does.
    const bool is_nothing = piece.kind == Kind::Scalar && piece.text.empty() &&
                            (content == text_.size() || !is_one_of(text_[content], "'\"|>"));
    if (!is_nothing) at_ = content;
  }
  piece.content = at_;
  if (!place_content(piece, indent)) return false;
  piece.end = at_;
  return true;
}

void Walk::skip_properties(const Piece& piece) {
  // A map may have an anchor or tag, and then its first key may: each takes its own.
  bool anchor = piece.anchor != 0 && piece.kind != Kind::Alias;
  bool tag = piece.is_tagged || piece.kind == Kind::Scalar || piece.kind == Kind::Empty;
  std::size_t at = at_;
  while (at < text_.size() && ((anchor && text_[at] == '&') || (tag && text_[at] == '!'))) {
    (text_[at] == '&' ? anchor : tag) = false;
    at_ = std::min(text_.find_first_of(" \t\r\n,[]{}", at), text_.size());
    at = skip_space(text_, at_);
  }
}

bool Walk::place_content(Piece& piece, int indent) {
  switch (piece.kind) {
    case Kind::Empty:
      return true;
    case Kind::Scalar:
      return place_scalar(piece, indent);
    case Kind::Alias:
      at_ = std::min(text_.find_first_of(" \t\r\n,[]{}", at_), text_.size());
      return true;
    case Kind::Sequence:
      return piece.is_flow ? place_in_brackets(piece) : place_items(piece);
    case Kind::Map:
      return piece.is_flow && is_at('{') ? place_in_brackets(piece) : place_entries(piece);
  }
  return false;
}

bool Walk::place_items(Piece& piece) {
  const int column = static_cast<int>(column_of(text_, at_));
  for (Piece::Part& part : piece.parts) {
    at_ = skip_space(text_, at_);
    if (!is_indicator('-')) return false;
    part.after = ++at_;
    if (!place(part.value, column)) return false;
  }
  return true;
}

bool Walk::place_entries(Piece& piece) {
  piece.is_odd = piece.is_flow;  // a pair without braces
  const int column = static_cast<int>(column_of(text_, at_));
  for (Piece::Part& part : piece.parts) {
    at_ = skip_space(text_, at_);
    const bool is_explicit = is_indicator('?');
    if (is_explicit) {
      piece.is_odd = true;
      ++at_;
    }
    if (!place(part.key, column)) return false;
    const std::size_t after_key = at_;
    at_ = skip_space(text_, at_);
    if (is_at(':')) {
      part.after = ++at_;
    } else if (is_explicit) {
      at_ = after_key;
    } else {
      return false;
    }
    if (!place(part.value, column)) return false;
  }
  return true;
}

bool Walk::place_in_brackets(Piece& piece) {
  if (!is_at(piece.kind == Kind::Map ? '{' : '[')) return false;
  ++at_;
  for (Piece::Part& part : piece.parts) {
    if (piece.kind == Kind::Map) {
      at_ = skip_space(text_, at_);
      if (is_indicator('?')) {
        piece.is_odd = true;
        ++at_;
      }
      if (!place(part.key, -1)) return false;
      const std::size_t colon = skip_space(text_, at_);
      if (colon < text_.size() && text_[colon] == ':') part.after = at_ = colon + 1;
    }
    if (!place(part.value, -1)) return false;
    const std::size_t comma = skip_space(text_, at_);
    if (&part != &piece.parts.back()) {
      if (comma == text_.size() || text_[comma] != ',') return false;
      at_ = comma + 1;
    }
  }
  at_ = skip_space(text_, at_);
  if (is_at(',')) at_ = skip_space(text_, at_ + 1);
  if (!is_at(piece.kind == Kind::Map ? '}' : ']')) return false;
  ++at_;
  return true;
}

bool Walk::place_scalar(Piece& piece, int indent) {
  if (is_at('"') || is_at('\'')) {
    skip_quotes(text_[at_]);
  } else if (is_at('|') || is_at('>')) {
    skip_block(indent);
  } else {
    piece.is_plain = true;
    for (const char c : piece.text) {
      if (is_one_of(c, kSpace)) continue;
      at_ = text_.find_first_not_of(kSpace, at_);
      if (at_ >= text_.size() || text_[at_] != c) return false;
      ++at_;
    }
  }
  return true;
}

void Walk::skip_quotes(char quote) {
  for (++at_; at_ < text_.size(); ++at_) {
    if (quote == '"' && text_[at_] == '\\') {
      ++at_;
    } else if (text_[at_] == quote) {
      if (quote == '"' || !text_.substr(at_ + 1).starts_with(quote)) break;
      ++at_;
    }
  }
  at_ = std::min(at_ + 1, text_.size());
}

void Walk::skip_block(int indent) {
  const std::string_view header = text_.substr(at_, text_.find_first_of(kSpace, at_) - at_);
  const bool keeps = header.find('+') != std::string_view::npos;
  const std::size_t digit = header.find_first_of("123456789");
  // 0 until the first line with anything on it shows it.
  std::size_t column = 0;
  if (digit != std::string_view::npos) {
    column = static_cast<std::size_t>(std::max(indent, 0)) + static_cast<std::size_t>(header[digit] - '0');
  }
  at_ = line_end(text_, at_);
  std::size_t end = at_;
  for (std::size_t line = next_line(text_, at_); line < text_.size(); line = next_line(text_, line)) {
    const std::size_t last = line_end(text_, line);
    const std::size_t first = std::min(text_.find_first_not_of(' ', line), text_.size());
    if (first >= last) {
      // Spaces beyond the indentation are content.
      if (keeps || (column > 0 && last - line > column)) end = last;
      continue;
    }
    if (column == 0 && static_cast<int>(first - line) > indent) column = std::max<std::size_t>(first - line, 1);
    if (column == 0 || first - line < column) break;
    end = last;
  }
  at_ = end;
}

}  // namespace

std::size_t line_end(std::string_view text, std::size_t at) {
  const std::size_t line_break = std::min(text.find('\n', at), text.size());
  const bool has_return = line_break < text.size() && line_break > at && text[line_break - 1] == '\r';
  return has_return ? line_break - 1 : line_break;
}

std::size_t line_begin(std::string_view text, std::size_t at) {
  const std::size_t line_break = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return line_break == std::string_view::npos ? 0 : line_break + 1;
}

std::size_t next_line(std::string_view text, std::size_t at) {
  const std::size_t line_break = text.find('\n', at);
  return line_break == std::string_view::npos ? text.size() : line_break + 1;
}

std::size_t skip_space(std::string_view text, std::size_t at) {
  while (at < text.size()) {
    if (is_one_of(text[at], kSpace)) {
      ++at;
    } else if (text[at] == '#' && (at == 0 || is_one_of(text[at - 1], kSpace))) {
      at = line_end(text, at);
    } else {
      break;
    }
  }
  return at;
}

std::size_t column_of(std::string_view text, std::size_t at) {
  return at - line_begin(text, at);
}

Result<Piece> locate(std::string_view text) {
  Collector collector(text);
  PLIMSOLL_CHECK(read_events(text, collector));
  for (Document& document : std::move(collector).take()) {
    if (!document.root) continue;
    if (!Walk(text, document.root->begin).place(*document.root, -1)) break;
    return std::move(*document.root);
  }
  return fail(ErrorCode::Unsupported, "what stands where in this text cannot be told");
}

namespace {

/// Before the `%YAML` and `%TAG` of the document that begins at `begin`.
std::size_t before_directives(std::string_view text, std::size_t begin) {
  std::size_t found = begin;
  for (std::size_t line = begin; line > 0;) {
    line = line_begin(text, line - 1);
    if (text[line] == '%') {
      found = line;
    } else if (text.find_first_not_of(kSpace, line) < line_end(text, line) && text[line] != '#') {
      break;
    }
  }
  return found;
}

}  // namespace

Result<std::vector<std::string_view>> split(std::string_view text) {
  const std::size_t mark = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  Collector collector(text.substr(mark));
  PLIMSOLL_CHECK(read_events(text.substr(mark), collector));
  const std::vector<Document> documents = std::move(collector).take();
  std::vector<std::string_view> parts;
  std::size_t begin = 0;
  // An empty document goes with the one before it, or with the first.
  bool is_filled = false;
  for (const Document& document : documents) {
    if (!document.root) continue;
    if (is_filled) {
      const std::size_t end = before_directives(text, mark + document.begin);
      parts.push_back(text.substr(begin, end - begin));
      begin = end;
    }
    is_filled = true;
  }
  if (is_filled) parts.push_back(text.substr(begin));
  return parts;
}

}  // namespace plimsoll::yaml
