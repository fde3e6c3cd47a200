#include "plimsoll/patch/patch.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "plimsoll/base/text.hpp"
#include "plimsoll/json/writer.hpp"

namespace plimsoll::patch {
namespace {

using Op = Operation::Op;

std::string_view to_text(Op op) {
  switch (op) {
    case Op::Add:
      return "add";
    case Op::Remove:
      return "remove";
    case Op::Replace:
      return "replace";
  }
  return "";
}

std::optional<Op> parse_op(std::string_view text) {
  for (const Op op : {Op::Add, Op::Remove, Op::Replace}) {
    if (text == to_text(op)) return op;
  }
  return std::nullopt;
}

// RFC 6901: empty, or tokens that each begin with a slash; a tilde only as ~0 or ~1.
bool is_pointer(std::string_view text) {
  if (!text.empty() && text[0] != '/') return false;
  for (std::size_t at = text.find('~'); at != std::string_view::npos; at = text.find('~', at + 1)) {
    if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
  }
  return true;
}

Result<Operation> parse_operation(json::View view, const json::Pointer& at, json::Builder& values) {
  if (!view.is_object()) return fail(ErrorCode::Invalid, "an operation is an object with op and path", at.text());

  const std::optional<std::string_view> name = view["op"].text();
  if (!name) return fail(ErrorCode::Invalid, "op is missing or no string: add, remove or replace", (at / "op").text());
  const std::optional<Op> op = parse_op(*name);
  if (!op) {
    static constexpr std::array<std::string_view, 3> kNames = {"add", "remove", "replace"};
    std::string message = quoted(*name) + " is no operation that is known here: add, remove or replace";
    if (const auto meant = nearest(*name, kNames)) message += "; did you mean " + std::string(*meant) + "?";
    return fail(ErrorCode::Unsupported, std::move(message), (at / "op").text());
  }

  const std::optional<std::string_view> path = view["path"].text();
  if (!path) return fail(ErrorCode::Invalid, "path is missing or no string", (at / "path").text());
  if (!is_pointer(*path)) {
    return fail(ErrorCode::Invalid,
                quoted(*path) + " is no JSON Pointer: each step begins with /, and ~ is written ~0, / inside a name ~1",
                (at / "path").text());
  }

  Operation operation{*op, json::Pointer(std::string(*path))};
  if (*op != Op::Remove) {
    const json::View value = view["value"];
    if (!value) return fail(ErrorCode::Invalid, std::string(*name) + " needs a value", (at / "value").text());
    operation.value = values.copy(value);
  }
  return operation;
}

Result<void> apply_one(json::Tree& tree, const Operation& operation) {
  if (operation.op == Op::Remove) return tree.remove(operation.path);
  return operation.op == Op::Add ? tree.add(operation.path, operation.value)
                                 : tree.replace(operation.path, operation.value);
}

}  // namespace

std::string write_patch(const Patch& patch) {
  json::Writer writer(std::size_t{4096});
  writer.begin_array();
  for (const Operation& operation : patch.operations) {
    writer.begin_object();
    writer.member("op", to_text(operation.op)).member("path", operation.path.text());
    if (operation.op != Op::Remove) writer.key("value").value(operation.value);
    writer.end_object();
  }
  writer.end_array();
  return std::move(writer).take();
}

Result<Patch> parse_patch(std::string_view text) {
  PLIMSOLL_TRY(document, json::Document::parse(std::string(text)));
  const json::View root = document.root();
  if (!root.is_array()) return fail(ErrorCode::Invalid, "a patch is an array of operations");
  const auto values = std::make_shared<json::Builder>();
  Patch patch{.values = values};
  for (const json::View element : root.elements()) {
    PLIMSOLL_TRY(operation, parse_operation(element, json::Pointer() / patch.operations.size(), *values));
    patch.operations.push_back(std::move(operation));
  }
  return patch;
}

Result<json::Tree> apply(json::View target, const Patch& patch) {
  json::Tree tree(target);
  for (const Operation& operation : patch.operations) {
    if (auto applied = apply_one(tree, operation); !applied) {
      Error error = std::move(applied).error();
      error.message = "operation " + std::to_string(&operation - patch.operations.data()) + ", " +
                      std::string(to_text(operation.op)) + " at " + quoted(operation.path.text(), 256) + ": " +
                      error.message;
      return Unexpected{std::move(error)};
    }
  }
  return tree;
}

}  // namespace plimsoll::patch
