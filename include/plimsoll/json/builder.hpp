// New JSON values, made from the inside out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string_view>

#include "plimsoll/json/document.hpp"

namespace plimsoll::json {

/// Makes values that live as long as it does. Texts and keys are copied; values inside others are shared.
///
///   const View toleration = builder.object({{"key", builder.text("gpu")}, {"operator", builder.text("Exists")}});
///
/// Requires: of what is put into another value, the Builder or Document outlives this one.
class Builder {
 public:
  Builder();
  Builder(Builder&&) noexcept;
  Builder& operator=(Builder&&) noexcept;
  ~Builder();

  [[nodiscard]] View text(std::string_view content);
  [[nodiscard]] View boolean(bool truth);
  [[nodiscard]] View integer(std::int64_t number);
  /// The members in this order; one whose value is missing is left out.
  [[nodiscard]] View object(std::span<const Member> members);
  [[nodiscard]] View object(std::initializer_list<Member> members) { return object(std::span(members)); }
  [[nodiscard]] View array(std::span<const View> elements);
  [[nodiscard]] View array(std::initializer_list<View> elements) { return array(std::span(elements)); }
  /// The same value without what it belongs to. Requires: nested at most kMaxDepth levels, as every Document is.
  [[nodiscard]] View copy(View value);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plimsoll::json
