// The one JSON value that can be changed: a copy on which a patch is tried.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>

#include "plimsoll/base/result.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/json/pointer.hpp"

namespace plimsoll::json {

/// A mutable copy. What is not changed is shared with the source, and so is what is added.
/// Requires: what `source` and added values belong to, never the Tree itself, outlives the Tree.
class Tree {
 public:
  explicit Tree(View source);
  Tree(Tree&&) noexcept;
  Tree& operator=(Tree&&) noexcept;
  ~Tree();

  [[nodiscard]] View root() const&;
  [[nodiscard]] View root() const&& = delete;

  /// The JSON Patch operations with the rules of gopkg.in/evanphx/json-patch.v4, which the API server uses: `add` needs
  /// an existing parent and replaces an existing member; `-` appends; `remove` of what is not there fails; `replace` of
  /// a missing member adds it, of a missing index fails; indexes may be negative, counted from the end. A null parent
  /// counts as missing. The whole document can be replaced, by an object or an array. A missing `value` is null.
  ///
  /// Errors: ErrorCode::Invalid, or TooLarge for nesting beyond kMaxDepth; `where` the pointer. Nothing is changed
  /// then.
  Result<void> add(const Pointer& at, View value);
  Result<void> remove(const Pointer& at);
  Result<void> replace(const Pointer& at, View value);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plimsoll::json
