// Text to Nodes, through yaml-cpp's events.
//
// yaml-cpp knows the grammar; the meaning is ours: types of scalars, aliases, merge keys, duplicates. Its exceptions
// end here, and so does a Stop, with which the builder leaves yaml-cpp as soon as something is wrong. yaml-cpp refuses
// nesting beyond 500 by itself, before its own recursion can hurt; aliases can still nest deeper than the text.
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <sstream>
#include <unordered_map>

#include "events.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "scalar.hpp"

namespace plimsoll::yaml {
namespace {

using Kind = Node::Kind;

// A value of 1,000,000 nodes takes some 150 MB; no policy or manifest has a hundredth of that.
constexpr std::size_t kMaxCopiedNodes = 1'000'000;

struct Stop {
  Error error;
};

std::string to_text(Mark mark) {
  return std::to_string(mark.line) + ':' + std::to_string(mark.column);
}

std::string in_words(Mark mark) {
  return "line " + std::to_string(mark.line) + ", column " + std::to_string(mark.column);
}

Mark to_mark(const YAML::Mark& mark) {
  return {static_cast<std::size_t>(mark.line) + 1, static_cast<std::size_t>(mark.column) + 1};
}

[[noreturn]] void stop(Mark mark, std::string message) {
  throw Stop{Error{ErrorCode::Invalid, std::move(message), to_text(mark)}};
}

Mark mark_of(std::string_view text, std::size_t offset) {
  Mark mark{1, 1};
  for (std::size_t i = 0; i < offset; ++i) {
    mark = text[i] == '\n' ? Mark{mark.line + 1, 1} : Mark{mark.line, mark.column + 1};
  }
  return mark;
}

// How much an anchored value adds to the document each time that it is referred to.
struct Extent {
  std::size_t nodes = 1;
  std::size_t height = 1;
};

Extent measure(const Node& node) {
  Extent extent;
  std::size_t below = 0;
  const auto add = [&](const Node& child) {
    const Extent part = measure(child);
    extent.nodes += part.nodes;
    below = std::max(below, part.height);
  };
  for (const Node& item : node.items) add(item);
  for (const Node::Entry& entry : node.entries) add(entry.value);
  extent.nodes += node.entries.size();
  extent.height += below;
  return extent;
}

// Whether a scalar that begins with a quote, at the head of `text`, also ends with one: yaml-cpp misses that it does
// not when the text ends just after a line break.
bool is_closed(std::string_view text) {
  const char quote = text.empty() ? '\0' : text[0];
  if (quote != '"' && quote != '\'') return true;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      if (quote == '"' || !text.substr(i + 1).starts_with(quote)) return true;
      ++i;
    }
  }
  return false;
}

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(std::string_view text) : text_(text) {}

  [[nodiscard]] std::vector<Node> take() && { return std::move(documents_); }

  void OnDocumentStart(const YAML::Mark& mark) override {
    // yaml-cpp takes what is left over after a value for another document, and where it can make nothing of it, for
    // one empty document after the other without end.
    if (started_ && (mark.pos <= *started_ || !has_separator(mark))) {
      stop(to_mark(mark),
           "this does not belong to the value before it: check the indentation; another document starts with ---");
    }
    started_ = mark.pos;
    anchors_.clear();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.mark = to_mark(mark);
    node.text = null_at(mark);
    if (anchor == 0 && node.text.empty()) {
      if (frames_.empty()) return;
      const Frame& frame = frames_.back();
      if (frame.is_flow && frame.node.kind == Kind::Sequence) stop(node.mark, "a value is missing before the comma");
      if (frame.key) {
        // At the end of a text yaml-cpp takes a word for a key before it has seen the colon.
        if (mark.pos == frame.key_offset) stop_at_half_a_member();
        node.mark = frame.key->mark;
      }
    }
    remember(anchor, node);
    place(std::move(node));
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) stop(to_mark(mark), "an alias cannot stand inside the value that it refers to");
    count_copies(found->second.extent.nodes, to_mark(mark));
    check_depth(found->second.extent.height, mark);
    Node node = found->second.node;
    node.mark = to_mark(mark);
    place(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.mark = to_mark(mark);
    node.text = value;
    node.quoted = tag == "!";
    if (awaits_key()) frames_.back().key_offset = mark.pos;
    if (!is_closed(rest_from(mark))) stop(node.mark, "the text ends inside quotes");
    node.kind = kind_of(node, tag);
    const bool is_merge = awaits_key() && value == "<<" && (tag == "?" || tag == "tag:yaml.org,2002:merge");
    remember(anchor, node);
    if (is_merge) {
      frames_.back().key = std::move(node);
      frames_.back().merging = true;
    } else {
      place(std::move(node));
    }
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(Kind::Sequence, mark, anchor, style);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(Kind::Map, mark, anchor, style);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Member {
    std::size_t index;
    std::optional<Mark> own;  // where the map itself set it, not through `<<`
  };

  // A sequence or map that is not closed yet.
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    bool is_flow = false;
    std::optional<Node> key;
    int key_offset = 0;
    bool merging = false;
    std::unordered_map<std::string, Member> members;
  };

  struct Anchored {
    Node node;
    Extent extent;
  };

  [[nodiscard]] bool awaits_key() const {
    return !frames_.empty() && frames_.back().node.kind == Kind::Map && !frames_.back().key;
  }

  // Whether a document that begins at `mark` was announced by `---`, or by `...` on the last line with anything on it.
  [[nodiscard]] bool has_separator(const YAML::Mark& mark) const {
    const std::string_view rest = rest_from(mark);
    if (rest.starts_with("---")) return true;
    std::string_view before = text_.substr(0, text_.size() - rest.size());
    while (!before.empty()) {
      const std::size_t line_break = before.substr(0, before.size() - 1).rfind('\n');
      const std::size_t begin = line_break == std::string_view::npos ? 0 : line_break + 1;
      const std::string_view line = before.substr(begin);
      const std::size_t first = line.find_first_not_of(" \t\r\n");
      if (first != std::string_view::npos && line[first] != '#') return line.starts_with("...");
      before = before.substr(0, begin);
    }
    return false;
  }

  [[nodiscard]] std::string_view rest_from(const YAML::Mark& mark) const {
    return text_.substr(std::min(static_cast<std::size_t>(mark.pos), text_.size()));
  }

  // A null as it was written, or nothing: the mark of one that was not written points at what comes after it.
  [[nodiscard]] std::string_view null_at(const YAML::Mark& mark) const { return null_word(rest_from(mark)); }

  [[noreturn]] void stop_at_half_a_member() const {
    const Node& key = *frames_.back().key;
    for (std::size_t i = frames_.size(); i-- > 0;) {
      const Node& around = frames_[i].node;
      if (!frames_[i].is_flow || around.mark == key.mark) continue;
      stop(around.mark, around.kind == Kind::Map ? "a { is not closed by }" : "a [ is not closed by ]");
    }
    stop(key.mark, quoted(key.text) + " has no colon and no place here");
  }

  static Kind kind_of(const Node& node, std::string_view tag) {
    constexpr std::string_view kCore = "tag:yaml.org,2002:";
    Kind kind = Kind::String;
    if (tag == "?") {
      kind = resolve_plain(node.text);
    } else if (tag.starts_with(kCore)) {
      const std::string_view name = tag.substr(kCore.size());
      const Kind resolved = resolve_plain(node.text);
      const auto require = [&](bool fits) {
        if (!fits) stop(node.mark, quoted(node.text) + " is not a value of type !!" + std::string(name));
        kind = resolved;
      };
      if (name == "null") require(resolved == Kind::Null);
      if (name == "bool") require(resolved == Kind::Bool);
      if (name == "int") require(resolved == Kind::Int);
      if (name == "float") require(resolved == Kind::Float || resolved == Kind::Int);
      if (name == "binary") {
        stop(node.mark, "!!binary is not supported, for JSON has no bytes: write the base64 text without the tag");
      }
    }
    if (kind == Kind::Float && is_infinite_or_nan(node.text)) {
      stop(node.mark, quoted(node.text) + " is not a number that JSON can hold; put it in quotes if it is a text");
    }
    return kind;
  }

  void count_copies(std::size_t nodes, Mark mark) {
    copied_nodes_ += nodes;
    if (copied_nodes_ > kMaxCopiedNodes) {
      stop(mark,
           "the anchors and aliases of this text expand to more than " + std::to_string(kMaxCopiedNodes) + " values");
    }
  }

  void check_depth(std::size_t height, const YAML::Mark& mark) const {
    if (frames_.size() + height > json::kMaxDepth) {
      stop(to_mark(mark), "nested deeper than " + std::to_string(json::kMaxDepth) + " levels");
    }
  }

  void remember(YAML::anchor_t anchor, const Node& node) {
    if (anchor == 0) return;
    const Extent extent = measure(node);
    count_copies(extent.nodes, node.mark);
    anchors_[anchor] = Anchored{node, extent};
  }

  void open(Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor, YAML::EmitterStyle::value style) {
    if (awaits_key()) {
      // An open bracket looks like a key as well, for the text ends before its colon could come.
      stop(to_mark(mark), kind == Kind::Map ? "a map cannot be a key; if it is none, a } is missing"
                                            : "a sequence cannot be a key; if it is none, a ] is missing");
    }
    check_depth(1, mark);
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = to_mark(mark);
    frame.anchor = anchor;
    frame.is_flow = style == YAML::EmitterStyle::Flow;
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    remember(frame.anchor, frame.node);
    place(std::move(frame.node));
  }

  // Puts a finished value where it belongs: root, item, key or member.
  void place(Node node) {
    if (frames_.empty()) {
      documents_.push_back(std::move(node));
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == Kind::Sequence) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.key) {
      if (!node.is_scalar())
        stop(node.mark, "a key must be a word or number, and what this alias refers to is neither");
      if (node.kind == Kind::Null) stop(node.mark, "a key cannot be null; put it in quotes if it is a word");
      frame.key = std::move(node);
    } else if (frame.merging) {
      merge(frame, std::move(node));
      frame.key.reset();
      frame.merging = false;
    } else {
      add_member(frame, std::move(*frame.key), std::move(node));
      frame.key.reset();
    }
  }

  static void add_member(Frame& frame, Node key, Node value) {
    const Mark mark = key.mark;
    Member& member = set_member(frame, std::move(key), std::move(value));
    if (member.own) {
      stop(mark, "the key " + quoted(to_member_name(frame.node.entries[member.index].key)) +
                     " is here a second time; it was first set at " + in_words(*member.own));
    }
    member.own = mark;
  }

  static Member& set_member(Frame& frame, Node key, Node value) {
    const auto [at, is_new] =
        frame.members.try_emplace(to_member_name(key), Member{frame.node.entries.size(), std::nullopt});
    Node::Entry entry{std::move(key), std::move(value)};
    if (is_new) {
      frame.node.entries.push_back(std::move(entry));
    } else {
      frame.node.entries[at->second.index] = std::move(entry);
    }
    return at->second;
  }

  // goyaml takes keys and merges in the order of the text, each over what was there: a key before `<<` loses to it.
  static void merge(Frame& frame, Node source) {
    if (source.kind == Kind::Map) {
      for (Node::Entry& entry : source.entries) set_member(frame, std::move(entry.key), std::move(entry.value));
      return;
    }
    if (source.kind != Kind::Sequence) stop(source.mark, "<< takes a map, or a sequence of maps");
    for (std::size_t i = source.items.size(); i-- > 0;) {
      if (source.items[i].kind != Kind::Map) stop(source.items[i].mark, "<< takes a map, or a sequence of maps");
      merge(frame, std::move(source.items[i]));  // backwards, for the earlier map has precedence
    }
  }

  std::string_view text_;
  std::optional<int> started_;  // offset of the last document
  std::vector<Node> documents_;
  std::vector<Frame> frames_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t copied_nodes_ = 0;
};

struct Character {
  std::uint32_t code = 0;
  std::size_t length = 0;  // bytes; 0 when `text` begins with no UTF-8
};

Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i])); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
  if (length == 0 || text.size() < length) return {};
  std::uint32_t code = lead & (0x7FU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80) return {};
    code = code << 6U | (byte(i) & 0x3FU);
  }
  const bool is_overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool is_surrogate = code >= 0xD800 && code <= 0xDFFF;
  return is_overlong || is_surrogate || code > 0x10FFFF ? Character{} : Character{code, length};
}

// The characters of YAML without NEL, U+2028 and U+2029: these break lines in YAML 1.1, which the cluster reads, and do
// not in 1.2, which yaml-cpp reads. Of the others yaml-cpp would take U+0004 for the end of the text.
bool is_allowed(std::uint32_t code) {
  if (code < 0x20) return code == '\t' || code == '\n' || code == '\r';
  return (code < 0x7F || code >= 0xA0) && code != 0x2028 && code != 0x2029 && code != 0xFFFE && code != 0xFFFF;
}

Result<void> check_characters(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const Character character = first_character(text.substr(at));
    if (character.length == 0) {
      return fail(ErrorCode::Invalid, quoted(text.substr(at, 1)) + " is not UTF-8", to_text(mark_of(text, at)));
    }
    if (!is_allowed(character.code)) {
      return fail(ErrorCode::Invalid,
                  quoted(text.substr(at, character.length)) +
                      " cannot stand in YAML as it is: write it as an escape in double quotes",
                  to_text(mark_of(text, at)));
    }
    at += character.length;
  }
  return {};
}

constexpr std::string_view kTabAdvice = "a tab cannot indent: use spaces";

// Whether a tab stands among the white space that begins the line of `offset`.
bool is_indented_by_tab(std::string_view text, std::size_t offset) {
  const std::size_t line_break = text.substr(0, offset).rfind('\n');
  if (line_break != std::string_view::npos) text.remove_prefix(line_break + 1);
  return text.substr(0, text.find_first_not_of(" \t")).find('\t') != std::string_view::npos;
}

// yaml-cpp's own words say what its scanner met; these say what the author can do about it.
Error explain(std::string_view text, const YAML::Exception& thrown) {
  enum class Cause { Any, Indentation };
  struct Words {
    std::string_view problem, advice;
    Cause cause = Cause::Any;
  };
  constexpr Words kWords[] = {
      {"illegal map value", "a \": \" cannot stand here: put the text in quotes, or check the indentation",
       Cause::Indentation},
      {"illegal map key", "a key cannot stand here: check the indentation", Cause::Indentation},
      {"illegal block entry", "a \"- \" cannot stand here: check the indentation", Cause::Indentation},
      {"end of map not found", "this does not fit into the map around it: check the indentation", Cause::Indentation},
      {"end of sequence not found", "this does not fit into the sequence around it: check the indentation",
       Cause::Indentation},
      {"end of map flow not found", "a { is not closed by }"},
      {"end of sequence flow not found", "a [ is not closed by ]"},
      {"illegal flow end", "a ] or } closes nothing"},
      {"illegal EOF in scalar", "the text ends inside quotes"},
      {"illegal document indicator in scalar", "the document ends inside quotes"},
      {"illegal tab when looking for indentation", kTabAdvice},
      {"unknown escape character",
       "a \\ in double quotes begins an escape: write \\\\ for itself, or use single quotes"},
      {"invalid unicode", "a \\u escape cannot name half of a character: write the character itself"},
      {"unknown token", "a text cannot begin with this character: put it in quotes"},
      {"the referenced anchor is not defined", "the alias refers to an anchor that is not defined before it"},
      {"cannot assign multiple anchors to the same node", "one value cannot have two anchors"},
      {"cannot assign multiple tags to the same node", "one value cannot have two tags"},
  };
  Error error{ErrorCode::Invalid, to_display(thrown.msg), {}};
  if (thrown.mark.is_null()) return error;
  error.where = to_text(to_mark(thrown.mark));
  for (const Words& words : kWords) {
    if (!std::string_view(thrown.msg).starts_with(words.problem)) continue;
    error.message = words.advice;
    if (words.cause == Cause::Indentation && is_indented_by_tab(text, static_cast<std::size_t>(thrown.mark.pos)))
      error.message = kTabAdvice;
  }
  return error;
}

}  // namespace

std::string_view null_word(std::string_view text) {
  for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
    if (!text.starts_with(word)) continue;
    const std::string_view after = text.substr(word.size());
    if (after.empty() || std::string_view(" \t\r\n,]}").find(after[0]) != std::string_view::npos) return word;
  }
  return {};
}

Result<void> read_events(std::string_view text, YAML::EventHandler& handler) {
  PLIMSOLL_CHECK(check_characters(text));
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(handler)) {
    }
    return {};
  } catch (Stop& stopped) {
    return Unexpected<Error>{std::move(stopped.error)};
  } catch (const YAML::DeepRecursion& deep) {
    return fail(ErrorCode::Invalid, "nested too deeply: about 500 levels are the most", to_text(to_mark(deep.mark)));
  } catch (const YAML::Exception& thrown) {
    return Unexpected<Error>{explain(text, thrown)};
  } catch (const std::exception& thrown) {
    return fail(ErrorCode::Bug, std::string("the YAML parser failed: ") + thrown.what());
  }
}

Result<std::vector<Node>> parse(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  Builder builder(text);
  PLIMSOLL_CHECK(read_events(text, builder));
  return std::move(builder).take();
}

}  // namespace plimsoll::yaml
