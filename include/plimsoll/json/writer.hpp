// Write JSON without a tree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "plimsoll/json/document.hpp"

namespace plimsoll::json {

/// Appends compact JSON to a string; commas and quotes are its business, matching brackets the caller's.
///
///   Writer w;
///   w.begin_object().key("op").value("add").key("value").raw(R"({"a":1})").end_object();
///   std::string text = std::move(w).take();
class Writer {
 public:
  /// Units: bytes, where they are known about; more is no error.
  explicit Writer(std::size_t expected = 128) { text_.reserve(expected); }

  Writer& begin_object();
  Writer& end_object();
  Writer& begin_array();
  Writer& end_array();
  Writer& key(std::string_view name);
  Writer& value(std::string_view text);
  Writer& value(const char* text) { return value(std::string_view(text)); }
  /// An integer or a truth value. A template, so that `value(5)` and `value(true)` cannot be taken for each other.
  template <class T, class = std::enable_if_t<std::is_integral_v<T>>>
  Writer& value(T number) {
    static_assert(std::is_same_v<T, bool> || std::is_signed_v<T> || sizeof(T) < sizeof(std::int64_t),
                  "does not fit a signed 64-bit integer: convert it where its range is known");
    if constexpr (std::is_same_v<T, bool>) {
      return append_truth(number);
    } else {
      return append_integer(number);
    }
  }
  Writer& null();
  /// A copy of a parsed value.
  Writer& value(View view);
  /// JSON text that is already valid, as it stands.
  Writer& raw(std::string_view json);
  /// key and value in one, for the common case.
  template <class T>
  Writer& member(std::string_view name, const T& content) {
    return key(name).value(content);
  }

  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string take() && { return std::move(text_); }

 private:
  Writer& append_integer(std::int64_t number);
  Writer& append_truth(bool truth);
  void separate();
  std::string text_;
};

/// `text` as a JSON string literal, quotes included. Invalid UTF-8 is replaced by U+FFFD.
[[nodiscard]] std::string to_json_string(std::string_view text);

}  // namespace plimsoll::json
