// A new value for a text, by as few edits as it takes.
//
// The value of the text and the wanted one are compared member by member beside the places of the text. Where they
// agree nothing is touched; where they do not, the smallest entry that differs is replaced, removed or added:
//
//   resources:            # in front of it, nothing moves
//     limits:
//       cpu: "2"          # the new member comes below
//     requests: {}        # an empty value in brackets is opened as a block
//
// The result is parsed again. Should it not be what was wanted, the document is written anew: never a wrong one.
#include <algorithm>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>

#include "events.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "scalar.hpp"
#include "source.hpp"
#include "write.hpp"

namespace plimsoll::yaml {
namespace {

using json::View;
using Kind = Piece::Kind;

Mark mark_at(std::string_view text, std::size_t at) {
  const auto line_breaks = std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
  return {static_cast<std::size_t>(line_breaks) + 1, column_of(text, at) + 1};
}

bool is_json(std::string_view text) {
  return json::Document::parse(std::string(text)).has_value();
}

/// The indentation of the first value of each sort.
class Surveyor {
 public:
  explicit Surveyor(std::string_view text) : text_(text) {}

  Layout survey(const Piece& root) {
    look(root);
    return {.step = step_.value_or(2), .sequence = sequence_.value_or(0), .dash = dash_.value_or(2)};
  }

 private:
  void look(const Piece& piece) {
    if (piece.is_flow || piece.is_odd || piece.parts.empty()) return;
    const std::size_t column = column_of(text_, piece.content);
    for (const Piece::Part& part : piece.parts) {
      const Piece& value = part.value;
      if (!value.is_flow && !value.is_odd && !value.parts.empty()) {
        const bool starts_line = line_begin(text_, value.content) > part.after;
        const std::size_t below = column_of(text_, value.content);
        std::optional<std::size_t>& known = piece.kind == Kind::Sequence ? dash_
                                            : value.kind == Kind::Map    ? step_
                                                                         : sequence_;
        if (!known && below >= column && starts_line != (piece.kind == Kind::Sequence)) known = below - column;
      }
      look(value);
    }
  }

  std::string_view text_;
  std::optional<std::size_t> step_, sequence_, dash_;
};

class Editor {
 public:
  Editor(std::string_view text, const Piece& root, View before) : text_(text), layout_(Surveyor(text).survey(root)) {
    const std::size_t line_break = text.find('\n');
    if (line_break != std::string_view::npos && line_end(text, 0) < line_break) line_break_ = "\r\n";
    remember_anchors(root, before);
  }

  /// Nothing when it cannot be done.
  std::optional<Edited> edit(const Piece& root, View before, View wanted) && {
    reconcile(root, before, wanted, {});
    std::optional<std::string> text = apply();
    if (!text) return std::nullopt;
    return Edited{std::move(*text), std::move(rewritten_)};
  }

 private:
  // Where a value stands.
  struct Slot {
    enum class Kind { Root, Member, Item } kind = Kind::Root;
    std::size_t after = 0;       // past the colon or dash
    std::size_t column = 0;      // in block style: of the key or dash
    const Flow* flow = nullptr;  // in brackets: how they are written
  };

  struct Edit {
    std::size_t begin, end;
    std::string text;
  };

  void reconcile(const Piece& piece, View before, View after, const Slot& slot);
  void reconcile_map(const Piece& piece, View before, View after, const Slot& slot);
  void reconcile_sequence(const Piece& piece, View before, View after, const Slot& slot);
  void replace(const Piece& piece, View before, View after, const Slot& slot);
  void replace_block(const Piece& piece, View after, const Slot& slot);
  void rewrite(const Piece& piece, View before, View after, const Slot& slot);
  void add_lines(const Piece& piece, const std::string& lines, std::size_t column);
  void add_in_brackets(const Piece& piece, const std::vector<std::string>& entries, const Flow& flow);
  void remove(const Piece& piece, std::size_t index, std::size_t first_kept);
  [[nodiscard]] Slot slot_of(const Piece& piece, const Piece::Part& part, const Flow* flow) const;
  [[nodiscard]] Flow flow_of(const Piece& piece, const Slot& slot) const;

  void remember_anchors(const Piece& piece, View value);
  void forget_anchors(const Piece& piece);
  [[nodiscard]] std::optional<std::string> name_of(const Piece& key) const;
  bool collect_merged(const Piece& source, std::map<std::string, View>& merged) const;

  [[nodiscard]] std::string member(std::string_view key, View value, std::size_t column) const;
  [[nodiscard]] std::string item(View value, std::size_t column) const;
  [[nodiscard]] std::size_t foot(std::size_t end, std::size_t column);

  void change(std::size_t begin, std::size_t end, std::string text);
  void insert_lines(std::size_t at, std::string lines);
  [[nodiscard]] std::optional<std::string> apply();

  std::string_view text_;
  Layout layout_;
  std::string_view line_break_ = "\n";
  std::unordered_map<std::size_t, View> anchors_;  // what they stand for, in the edited text
  bool is_anchor_changed_ = false;
  bool is_impossible_ = false;
  std::vector<Edit> edits_;
  std::vector<Mark> rewritten_;
};

void Editor::remember_anchors(const Piece& piece, View value) {
  if (piece.anchor != 0 && piece.kind != Kind::Alias) anchors_.insert_or_assign(piece.anchor, value);
  for (std::size_t i = 0; i < piece.parts.size(); ++i) {
    const Piece::Part& part = piece.parts[i];
    if (piece.kind == Kind::Sequence) {
      remember_anchors(part.value, value[i]);
    } else if (const auto name = name_of(part.key)) {
      remember_anchors(part.value, value[*name]);
    }
  }
}

/// Of what goes: an alias to them can no longer stand.
void Editor::forget_anchors(const Piece& piece) {
  if (piece.anchor != 0 && piece.kind != Kind::Alias) {
    anchors_.erase(piece.anchor);
    is_anchor_changed_ = true;
  }
  for (const Piece::Part& part : piece.parts) {
    forget_anchors(part.key);
    forget_anchors(part.value);
  }
}

/// As a member; nothing for a key in an unusual form.
std::optional<std::string> Editor::name_of(const Piece& key) const {
  if (key.kind != Kind::Scalar || key.is_tagged) return std::nullopt;
  Node node;
  node.kind = key.is_plain ? resolve_plain(key.text) : Node::Kind::String;
  node.text = key.text;
  return to_member_name(node);
}

bool is_merge(const Piece& key) {
  return key.is_plain && key.text == "<<";
}

void Editor::reconcile(const Piece& piece, View before, View after, const Slot& slot) {
  if (piece.kind == Kind::Alias) {
    const auto anchor = anchors_.find(piece.anchor);
    if (anchor == anchors_.end() || anchor->second != after) replace(piece, before, after, slot);
    return;
  }
  const bool is_same = before == after;
  // Even where the value stays, an alias in it may now stand for something else.
  if (is_same && !is_anchor_changed_) return;
  const bool is_open = !piece.is_odd && !piece.parts.empty() && after.size() > 0;
  if (is_open && piece.kind == Kind::Map && after.is_object()) {
    reconcile_map(piece, before, after, slot);
  } else if (is_open && piece.kind == Kind::Sequence && after.is_array()) {
    reconcile_sequence(piece, before, after, slot);
  } else if (!is_same) {
    piece.is_odd ? rewrite(piece, before, after, slot) : replace(piece, before, after, slot);
  }
  if (!is_same && anchors_.contains(piece.anchor)) {
    anchors_.insert_or_assign(piece.anchor, after);
    is_anchor_changed_ = true;
  }
}

/// What `<<: source` supplies, as it will be. Returns whether that can be told.
bool Editor::collect_merged(const Piece& source, std::map<std::string, View>& merged) const {
  if (source.kind == Kind::Sequence) {
    return std::ranges::all_of(source.parts,
                               [&](const Piece::Part& part) { return collect_merged(part.value, merged); });
  }
  const auto anchor = anchors_.find(source.anchor);
  if (source.kind != Kind::Alias || anchor == anchors_.end() || !anchor->second.is_object()) return false;
  for (const auto [key, value] : anchor->second.members()) merged.try_emplace(std::string(key), value);
  return true;
}

void Editor::reconcile_map(const Piece& piece, View before, View after, const Slot& slot) {
  const Flow flow = piece.is_flow ? flow_of(piece, slot) : Flow{};
  std::map<std::string, View> merged;
  std::set<std::string> own;
  std::size_t first_kept = piece.parts.size();
  for (std::size_t i = 0; i < piece.parts.size(); ++i) {
    const Piece::Part& part = piece.parts[i];
    if (is_merge(part.key)) {
      // A merge overrules the keys before it, so that these may have any value.
      if (!merged.empty() || !collect_merged(part.value, merged)) return rewrite(piece, before, after, slot);
      for (const auto& [name, value] : merged) {
        if (own.contains(name)) return rewrite(piece, before, after, slot);
      }
      first_kept = std::min(first_kept, i);
      continue;
    }
    const std::optional<std::string> name = name_of(part.key);
    if (!name) return rewrite(piece, before, after, slot);
    own.insert(*name);
    if (after[*name]) first_kept = std::min(first_kept, i);
  }
  for (const auto& [name, value] : merged) {
    if (!after[name]) return rewrite(piece, before, after, slot);
  }
  if (first_kept == piece.parts.size()) return replace(piece, before, after, slot);

  for (std::size_t i = 0; i < piece.parts.size(); ++i) {
    const Piece::Part& part = piece.parts[i];
    if (is_merge(part.key)) continue;
    const std::string name = *name_of(part.key);
    if (const View value = after[name]) {
      reconcile(part.value, before[name], value, slot_of(piece, part, piece.is_flow ? &flow : nullptr));
    } else {
      remove(piece, i, first_kept);
    }
  }

  const std::size_t column = column_of(text_, piece.content);
  std::string lines;
  std::vector<std::string> entries;
  for (const auto [key, value] : after.members()) {
    const auto supplied = merged.find(std::string(key));
    if (own.contains(std::string(key)) || (supplied != merged.end() && supplied->second == value)) continue;
    if (piece.is_flow) {
      entries.push_back(write_flow_key(key, flow) + ':' + flow.after_colon + write_flow(value, flow));
    } else {
      lines += member(key, value, column);
    }
  }
  if (piece.is_flow) return add_in_brackets(piece, entries, flow);
  add_lines(piece, lines, column);
}

std::vector<std::string> texts_of(View array) {
  std::vector<std::string> texts;
  for (const View element : array.elements()) texts.push_back(json::write(element));
  return texts;
}

/// Which element of `after` each of `before` became; those that stay keep their order, and between two that stay the
/// others are taken for changed ones.
std::vector<std::optional<std::size_t>> align(View before, View after) {
  const std::vector<std::string> from = texts_of(before);
  const std::vector<std::string> to = texts_of(after);
  std::vector<std::optional<std::size_t>> partners(from.size());
  std::size_t begin = 0;
  std::size_t from_end = from.size();
  std::size_t to_end = to.size();
  for (; begin < from_end && begin < to_end && from[begin] == to[begin]; ++begin) partners[begin] = begin;
  while (from_end > begin && to_end > begin && from[from_end - 1] == to[to_end - 1]) partners[--from_end] = --to_end;

  std::unordered_map<std::string_view, std::deque<std::size_t>> places;
  for (std::size_t i = begin; i < to_end; ++i) places[to[i]].push_back(i);
  std::size_t open = begin;  // in `before`: the first without a partner
  std::size_t next = begin;  // in `after`
  const auto pair_up = [&](std::size_t end, std::size_t next_end) {
    for (; open < end && next < next_end; ++open) partners[open] = next++;
  };
  for (std::size_t i = begin; i < from_end; ++i) {
    std::deque<std::size_t>& found = places[from[i]];
    while (!found.empty() && found.front() < next) found.pop_front();
    if (found.empty()) continue;
    pair_up(i, found.front());
    partners[i] = found.front();
    next = found.front() + 1;
    open = i + 1;
  }
  pair_up(from_end, to_end);
  return partners;
}

void Editor::reconcile_sequence(const Piece& piece, View before, View after, const Slot& slot) {
  const std::vector<std::optional<std::size_t>> partners = align(before, after);
  PLIMSOLL_ASSERT(partners.size() == piece.parts.size());
  const auto first_kept = std::ranges::find_if(partners, [](const auto& partner) { return partner.has_value(); });
  if (first_kept == partners.end()) return replace(piece, before, after, slot);
  const Flow flow = piece.is_flow ? flow_of(piece, slot) : Flow{};
  const std::size_t column = column_of(text_, piece.content);
  // Below its key a comment at the column of the dashes may belong to the next key.
  const std::size_t comments = column + (slot.kind == Slot::Kind::Member && column == slot.column ? 1 : 0);
  std::size_t next = 0;
  const auto added_up_to = [&](std::size_t end) {
    std::string lines;
    for (; next < end; ++next) lines += item(after[next], column);
    return lines;
  };
  for (std::size_t i = 0; i < partners.size(); ++i) {
    if (!partners[i]) {
      remove(piece, i, static_cast<std::size_t>(first_kept - partners.begin()));
      continue;
    }
    const Piece::Part& part = piece.parts[i];
    if (piece.is_flow) {
      const std::string separator = ',' + (flow.has_lines ? '\n' + flow.indent : flow.after_comma);
      std::string added;
      for (; next < *partners[i]; ++next) added += write_flow(after[next], flow) + separator;
      if (!added.empty()) change(part.value.begin, part.value.begin, std::move(added));
    } else if (next < *partners[i]) {
      std::string lines = added_up_to(*partners[i]);
      if (i > 0) {
        // A comment between two elements belongs to the second.
        insert_lines(next_line(text_, piece.parts[i - 1].value.end), std::move(lines));
      } else {
        // The first line goes behind the indentation that is there, and leaves the same to what comes after it.
        change(part.after - 1, part.after - 1, lines.substr(column) + std::string(column, ' '));
      }
    }
    reconcile(part.value, before[i], after[*partners[i]], slot_of(piece, part, piece.is_flow ? &flow : nullptr));
    next = *partners[i] + 1;
  }
  if (!piece.is_flow) return add_lines(piece, added_up_to(after.size()), comments);
  std::vector<std::string> entries;
  for (; next < after.size(); ++next) entries.push_back(write_flow(after[next], flow));
  add_in_brackets(piece, entries, flow);
}

Editor::Slot Editor::slot_of(const Piece& piece, const Piece::Part& part, const Flow* flow) const {
  return {piece.kind == Kind::Map ? Slot::Kind::Member : Slot::Kind::Item, part.after,
          piece.is_flow ? 0 : column_of(text_, piece.content), flow};
}

/// How the entries of `piece`, which is in brackets and not empty, are written.
Flow Editor::flow_of(const Piece& piece, const Slot& slot) const {
  Flow flow = slot.flow != nullptr ? *slot.flow : Flow{};
  const Piece::Part& part = piece.parts.front();
  const std::size_t begin = part.first().begin;
  if (text_[begin] == '"') flow.quotes = Flow::Quotes::Always;
  if (piece.kind == Kind::Map && flow.quotes == Flow::Quotes::Always && part.after != 0) {
    flow.after_colon = part.after < text_.size() && text_[part.after] == ' ' ? " " : "";
  }
  const std::size_t line = line_begin(text_, begin);
  const std::string_view indent = text_.substr(line, begin - line);
  flow.has_lines = line > piece.content && indent.find_first_not_of(" \t") == std::string_view::npos;
  if (flow.has_lines) {
    const std::size_t outer = line_begin(text_, piece.content);
    const std::string_view around =
        text_.substr(outer, std::min(text_.find_first_not_of(" \t", outer), text_.size()) - outer);
    if (indent.size() > around.size()) flow.step = indent.substr(around.size());
    flow.indent = indent;
  } else if (piece.parts.size() > 1) {
    const std::size_t comma = text_.find(',', part.value.end);
    flow.after_comma = comma + 1 < text_.size() && text_[comma + 1] == ' ' ? " " : "";
  } else if (flow.quotes == Flow::Quotes::Always && piece.kind == Kind::Map) {
    flow.after_comma = flow.after_colon;
  }
  return flow;
}

/// A value that cannot be edited as it is written, and is written anew.
void Editor::rewrite(const Piece& piece, View before, View after, const Slot& slot) {
  rewritten_.push_back(mark_at(text_, piece.begin));
  replace(piece, before, after, slot);
}

void Editor::replace(const Piece& piece, View before, View after, const Slot& slot) {
  if (slot.kind == Slot::Kind::Root || (slot.kind == Slot::Kind::Member && slot.after == 0)) {
    is_impossible_ = true;
    return;
  }
  forget_anchors(piece);
  // A tag belongs to what goes, an anchor to the place.
  if (piece.anchor != 0 && piece.kind != Kind::Alias && !piece.is_tagged) anchors_.emplace(piece.anchor, after);
  const std::size_t begin = piece.is_tagged ? piece.begin : piece.content;
  if (slot.flow != nullptr) {
    if (piece.kind == Kind::Empty) return change(piece.end, piece.end, ' ' + write_flow(after, *slot.flow));
    return change(begin, piece.end, write_flow(after, *slot.flow));
  }
  const bool has_lines = after.size() > 0 || (after.text() && is_block(*after.text()));
  const bool is_block_scalar = piece.kind == Kind::Scalar && begin < text_.size() &&
                               (text_[begin] == '|' || text_[begin] == '>') && !piece.is_plain;
  const bool is_block_value = !piece.is_flow && !piece.parts.empty();
  if (has_lines || is_block_scalar || is_block_value || piece.kind == Kind::Empty) {
    return replace_block(piece, after, slot);
  }
  const auto text = after.text();
  if (!text) return change(begin, piece.end, json::write(after));
  const bool keeps_quotes = piece.kind == Kind::Scalar && before.text() && !piece.is_tagged;
  if (keeps_quotes && text_[begin] == '"') return change(begin, piece.end, in_double_quotes(*text));
  std::string plain = to_scalar(*text);
  if (keeps_quotes && text_[begin] == '\'' && !plain.starts_with('"')) plain = in_single_quotes(*text);
  change(begin, piece.end, std::move(plain));
}

/// Of a value in block style, after its colon or dash.
void Editor::replace_block(const Piece& piece, View after, const Slot& slot) {
  const bool is_item = slot.kind == Slot::Kind::Item;
  const bool is_text = after.text().has_value();
  const bool has_anchor = piece.anchor != 0 && piece.kind != Kind::Alias && !piece.is_tagged;
  std::size_t column = slot.column;
  column += is_item ? layout_.dash : after.is_array() ? layout_.sequence : layout_.step;
  // yaml-cpp wants the lines of a text to be indented more than an anchor behind a dash.
  if (is_item && is_text && has_anchor) column += layout_.step;
  // Behind an anchor an entry would be what it names.
  std::string written = is_item && has_anchor && after.size() > 0
                            ? '\n' + write_block(after, Place::Root, column, layout_)
                            : write_block(after, is_item ? Place::Item : Place::Member, column, layout_);
  const std::size_t first = written.find('\n');
  change(has_anchor ? piece.head : slot.after, std::max(piece.end, slot.after), written.substr(0, first));
  // A comment at the end of the line stays there, unless the value goes on below.
  written.erase(0, first + 1);
  if (written.empty()) return;
  insert_lines(is_text ? next_line(text_, piece.end) : foot(piece.end, column), std::move(written));
}

std::string Editor::member(std::string_view key, View value, std::size_t column) const {
  const std::size_t inside = column + (value.is_array() ? layout_.sequence : layout_.step);
  return std::string(column, ' ') + to_scalar(key) + ':' + write_block(value, Place::Member, inside, layout_);
}

std::string Editor::item(View value, std::size_t column) const {
  return std::string(column, ' ') + '-' + write_block(value, Place::Item, column + layout_.dash, layout_);
}

/// Where lines can be added after a value that ends at `end`: below its line, and below the comments that follow it
/// directly and are indented to `column` or more. Behind a value that shares its line nothing can be.
std::size_t Editor::foot(std::size_t end, std::size_t column) {
  if (skip_space(text_.substr(0, line_end(text_, end)), end) < line_end(text_, end)) is_impossible_ = true;
  std::size_t line = next_line(text_, end);
  while (line < text_.size()) {
    const std::size_t first = text_.find_first_not_of(' ', line);
    if (first == std::string_view::npos || text_[first] != '#' || first - line < column) break;
    line = next_line(text_, line);
  }
  return line;
}

void Editor::add_lines(const Piece& piece, const std::string& lines, std::size_t column) {
  if (!lines.empty()) insert_lines(foot(piece.end, column), lines);
}

void Editor::add_in_brackets(const Piece& piece, const std::vector<std::string>& entries, const Flow& flow) {
  if (entries.empty()) return;
  const std::size_t end = piece.parts.back().value.end;
  const std::size_t comma = skip_space(text_, end);
  const bool has_comma = text_[comma] == ',';
  std::string separator = ',' + flow.after_comma;
  if (flow.has_lines) {
    const std::size_t rest = has_comma ? comma + 1 : end;
    const std::size_t last = line_end(text_, rest);
    if (skip_space(text_.substr(0, last), rest) == last) {
      // The last entry has its line alone, and so has what comes after it.
      if (!has_comma) change(end, end, ",");
      std::string lines;
      for (const std::string& entry : entries) lines += (lines.empty() ? "" : ",") + ('\n' + flow.indent + entry);
      return change(last, last, lines + (has_comma ? "," : ""));
    }
    separator = ", ";
  }
  std::string added;
  for (const std::string& entry : entries) added += separator + entry;
  change(end, end, std::move(added));
}

void Editor::remove(const Piece& piece, std::size_t index, std::size_t first_kept) {
  const auto begin_of = [&](const Piece::Part& part) {
    return piece.kind == Kind::Sequence && !piece.is_flow ? part.after - 1 : part.first().begin;
  };
  const Piece::Part& part = piece.parts[index];
  forget_anchors(part.value);
  const std::size_t begin = begin_of(part);
  const std::size_t end = part.value.end;
  const bool is_leading = index < first_kept;
  if (piece.is_flow) {
    // With one comma: the one before it, if anything stays before it.
    return is_leading ? change(begin, begin_of(piece.parts[index + 1]), "")
                      : change(piece.parts[index - 1].value.end, end, "");
  }
  const std::size_t first = begin_of(piece.parts.front());
  const std::size_t line = line_begin(text_, first);
  const bool shares_line = text_.substr(line, first - line).find_first_not_of(' ') != std::string_view::npos;
  if (!is_leading || !shares_line) return change(line_begin(text_, begin), next_line(text_, end), "");
  // It stands behind a dash, and what comes next moves up there, but not over a comment.
  const std::size_t next = begin_of(piece.parts[index + 1]);
  const bool is_next = line_begin(text_, next) == next_line(text_, end);
  change(begin, is_next ? next : line_end(text_, end), "");
}

void Editor::change(std::size_t begin, std::size_t end, std::string text) {
  if (line_break_ != "\n") {
    std::string converted;
    for (const char c : text) c == '\n' ? converted += line_break_ : converted += c;
    text = std::move(converted);
  }
  edits_.push_back({begin, end, std::move(text)});
}

/// `lines` ends with a line break, which a text that does not end with one does not get.
void Editor::insert_lines(std::size_t at, std::string lines) {
  if (at == text_.size() && !text_.ends_with('\n')) {
    lines.pop_back();
    lines.insert(0, 1, '\n');
  }
  change(at, at, std::move(lines));
}

std::optional<std::string> Editor::apply() {
  if (is_impossible_) return std::nullopt;
  // What is added at one place stays in order: first the inner value, then what is around it.
  std::ranges::stable_sort(edits_, {}, &Edit::begin);
  std::string out;
  std::size_t at = 0;
  for (const Edit& edit : edits_) {
    if (edit.begin < at) return std::nullopt;
    (out += text_.substr(at, edit.begin - at)) += edit.text;
    at = edit.end;
  }
  return out += text_.substr(at);
}

Result<json::Document> read_value(std::string_view text) {
  PLIMSOLL_TRY(nodes, parse(text));
  if (nodes.size() != 1) return fail(ErrorCode::Invalid, "must be one document");
  return json::Document::parse(to_json(nodes.front()));
}

/// The document written anew, below the comments and marks that it begins with.
std::string write_anew(std::string_view text, View wanted) {
  if (is_json(text)) return json::write_pretty(wanted);
  std::size_t head = 0;
  bool is_marked = false;  // by a `---` that something stands behind
  while (head < text.size()) {
    const std::string_view line = text.substr(head, line_end(text, head) - head);
    const std::size_t first = line.find_first_not_of(" \t");
    const bool is_mark = line.starts_with("---");
    is_marked = is_mark && skip_space(line, 3) < line.size();
    if (is_marked || (first != std::string_view::npos && line[first] != '#' && line[0] != '%' && !is_mark)) break;
    head = next_line(text, head);
  }
  std::string out(text.substr(0, head));
  if (is_marked) out += "---\n";
  out += yaml::write(wanted);
  // The next document may begin without `---`.
  if (text.find("\n...") != std::string_view::npos) out += "...\n";
  return out;
}

std::optional<Edited> edit_in_place(std::string_view text, View before, View wanted) {
  const Result<Piece> root = locate(text);
  if (!root) return std::nullopt;
  std::optional<Edited> edited = Editor(text, *root, before).edit(*root, before, wanted);
  if (!edited) return std::nullopt;
  const Result<json::Document> after = read_value(edited->text);
  if (!after || after->root() != wanted) return std::nullopt;
  return edited;
}

}  // namespace

Result<Edited> edit(std::string_view text, json::View wanted) {
  const std::string_view mark = text.starts_with(kByteOrderMark) ? kByteOrderMark : std::string_view();
  text.remove_prefix(mark.size());
  PLIMSOLL_TRY(before, read_value(text));
  if (before.root() == wanted) return Edited{std::string(mark) + std::string(text)};
  std::optional<Edited> edited = edit_in_place(text, before.root(), wanted);
  if (!edited) edited = Edited{write_anew(text, wanted), {Mark{1, 1}}};
  edited->text.insert(0, mark);
  return std::move(*edited);
}

}  // namespace plimsoll::yaml
