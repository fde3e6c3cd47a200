// Random JSON, the same for the same seed, for the tests of what must hold for every value.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <string>

#include "plimsoll/json/writer.hpp"

namespace plimsoll::json {

class Generator {
 public:
  explicit Generator(std::uint64_t seed) : random_(seed) {}

  std::size_t below(std::size_t limit) { return static_cast<std::size_t>(random_() % limit); }

  /// Well-formed UTF-8 with everything that needs care in it.
  std::string text() {
    static const char* const kPieces[] = {"a",      "spec",       "/",  "~",    "~1",   "\"",     "\\",
                                          "\n",     "\t",         "\b", "\x01", "\x7f", "\u00e9", "\u2028",
                                          "\u2029", "\U0001F600", " ",  "0",    "-",    "\\u",    "\ufeff",
                                          "\ud7ff", "\ue000",     "{",  "}",    ":",    ","};
    std::string text;
    for (std::size_t pieces = below(6); pieces > 0; --pieces) text += kPieces[below(std::size(kPieces))];
    if (below(20) == 0) text += '\0';
    if (below(20) == 0) text.append(below(200), 'x');
    return text;
  }

  double finite_double() {
    for (;;) {
      const auto number = std::bit_cast<double>(random_());
      if (std::isfinite(number)) return number;
    }
  }

  /// JSON text of any value.
  std::string value(std::size_t levels) {
    Writer writer;
    append(writer, levels);
    return std::move(writer).take();
  }

 private:
  void append(Writer& writer, std::size_t levels) {
    switch (below(levels == 0 ? 6 : 9)) {
      case 0:
        writer.null();
        return;
      case 1:
        writer.value(below(2) == 0);
        return;
      case 2:
        writer.value(static_cast<std::int64_t>(random_() >> below(64)) * (below(2) == 0 ? 1 : -1));
        return;
      case 3:
        writer.raw(std::to_string(std::numeric_limits<std::uint64_t>::max() - below(1000)));
        return;
      case 4: {
        char digits[40];
        std::snprintf(digits, sizeof digits, "%.17g", finite_double());
        writer.raw(digits);
        return;
      }
      case 5:
        writer.value(text());
        return;
      case 6:
        writer.begin_array();
        for (std::size_t n = below(5); n > 0; --n) append(writer, levels - 1);
        writer.end_array();
        return;
      default:
        writer.begin_object();
        for (std::size_t n = below(5); n > 0; --n) {
          writer.key(text() + std::to_string(n));
          append(writer, levels - 1);
        }
        writer.end_object();
        return;
    }
  }

  std::mt19937_64 random_;
};

}  // namespace plimsoll::json
