// JSON Patch (RFC 6902) as the API server applies it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/json/builder.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/json/pointer.hpp"
#include "plimsoll/json/tree.hpp"

namespace plimsoll::patch {

/// One operation. Only what Plimsoll ever emits can be said; `test`, `move` and `copy` cannot.
struct Operation {
  enum class Op { Add, Remove, Replace };
  Op op = Op::Add;
  json::Pointer path;
  json::View value = {};  ///< missing for Remove

  bool operator==(const Operation&) const = default;
};

/// Operations in the order in which they are applied, and the values in them.
struct Patch {
  std::vector<Operation> operations = {};
  /// Keeps alive what the operations' values belong to.
  std::shared_ptr<const void> values = {};

  [[nodiscard]] bool empty() const { return operations.empty(); }
  bool operator==(const Patch& other) const { return operations == other.operations; }
};

/// The patch as compact JSON: `[{"op":"add","path":"/a","value":1}]`. Deterministic.
[[nodiscard]] std::string write_patch(const Patch& patch);

/// Reads a patch document; for tests and `plimsoll mutate`. Errors: not an array of the three operations above.
[[nodiscard]] Result<Patch> parse_patch(std::string_view text);

/// `target` with `patch` applied under the API server's rules (see json::Tree).
///
/// Requires: target's Document and the patch's values outlive the result.
/// Errors: the first operation that does not apply; `where` is its path.
[[nodiscard]] Result<json::Tree> apply(json::View target, const Patch& patch);

}  // namespace plimsoll::patch
