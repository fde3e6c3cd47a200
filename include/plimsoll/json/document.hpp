// Read JSON without copying it.
//
// A Document owns the bytes it was parsed from, at an address that survives a move; Views point into it. A View of
// something that is not there is not an error but a missing View, on which every question answers "no", so that a path
// can be followed in one expression:
//
//   object["spec"]["template"]["metadata"]["annotations"][key].text()
//
// Strings are unescaped in place: parsing changes the bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"
#include "plimsoll/json/pointer.hpp"

namespace plimsoll::json {

/// Nesting beyond this is refused. Kubernetes objects nest below 30 levels; the recursion that reads, copies and writes
/// values is safe to this depth on a 1 MiB stack.
inline constexpr std::size_t kMaxDepth = 1024;

enum class Kind { Missing, Null, Bool, Number, String, Array, Object };

struct Member;

/// A value inside a Document or Tree, or nothing. Cheap to copy.
/// Requires: the Document or Tree outlives it (and the Tree is not changed meanwhile).
/// Threads: reading is safe.
class View {
 public:
  constexpr View() = default;

  [[nodiscard]] Kind kind() const;
  /// Whether there is a value here at all; JSON null counts.
  [[nodiscard]] explicit operator bool() const { return node_ != nullptr; }
  [[nodiscard]] bool is_null() const { return kind() == Kind::Null; }
  [[nodiscard]] bool is_object() const { return kind() == Kind::Object; }
  [[nodiscard]] bool is_array() const { return kind() == Kind::Array; }

  /// The member called `key`; missing when this is no object or has none. Of duplicates the first.
  [[nodiscard]] View operator[](std::string_view key) const;
  /// The element at `index`; missing when this is no array or is shorter.
  [[nodiscard]] View operator[](std::size_t index) const;
  /// The value at `pointer` below this.
  [[nodiscard]] View at(const Pointer& pointer) const;
  /// Members of an object or elements of an array; 0 for anything else.
  [[nodiscard]] std::size_t size() const;

  [[nodiscard]] std::optional<std::string_view> text() const;
  /// A number without fraction or exponent that fits.
  [[nodiscard]] std::optional<std::int64_t> integer() const;
  [[nodiscard]] std::optional<double> number() const;
  [[nodiscard]] std::optional<bool> boolean() const;

  class MemberIterator;
  class ElementIterator;
  template <class Iterator>
  struct Range {
    Iterator first, last;
    [[nodiscard]] Iterator begin() const { return first; }
    [[nodiscard]] Iterator end() const { return last; }
  };
  /// The members in the order of the text; none when this is no object.
  [[nodiscard]] Range<MemberIterator> members() const;
  /// The elements; none when this is no array.
  [[nodiscard]] Range<ElementIterator> elements() const;

  /// The same JSON value: objects regardless of order, numbers by value.
  friend bool operator==(View a, View b);

 private:
  friend class Document;
  friend class Tree;
  friend struct Access;
  explicit constexpr View(const void* node) : node_(node) {}
  const void* node_ = nullptr;
};

struct Member {
  std::string_view key;
  View value;

  bool operator==(const Member&) const = default;
};

class View::MemberIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = Member;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = Member;

  Member operator*() const;
  MemberIterator& operator++();
  bool operator==(const MemberIterator&) const = default;

 private:
  friend class View;
  explicit MemberIterator(const void* at) : at_(at) {}
  const void* at_;
};

class View::ElementIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = View;
  using difference_type = std::ptrdiff_t;
  using pointer = void;
  using reference = View;

  View operator*() const;
  ElementIterator& operator++();
  bool operator==(const ElementIterator&) const = default;

 private:
  friend class View;
  explicit ElementIterator(const void* at) : at_(at) {}
  const void* at_;
};

/// Parsed JSON that owns its bytes. Movable; Views stay valid across a move.
class Document {
 public:
  /// Errors: ErrorCode::Invalid with the byte offset in `where`; ErrorCode::TooLarge for nesting beyond kMaxDepth.
  /// Trailing bytes other than white space, NUL, invalid UTF-8, lone surrogates and numbers beyond a double's range
  /// (1e999, 1e-999) are errors.
  [[nodiscard]] static Result<Document> parse(std::string bytes);

  Document(Document&&) noexcept;
  Document& operator=(Document&&) noexcept;
  ~Document();

  /// Of an lvalue only: a View of a temporary would dangle.
  [[nodiscard]] View root() const&;
  [[nodiscard]] View root() const&& = delete;

 private:
  struct State;
  explicit Document(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Compact JSON text of `view`, members in their order. A missing View writes `null`.
[[nodiscard]] std::string write(View view);
/// The same with two spaces per level and a final newline, for people.
[[nodiscard]] std::string write_pretty(View view);

}  // namespace plimsoll::json
