#include "suggestion.hpp"

#include <algorithm>
#include <string_view>

#include "plimsoll/base/text.hpp"

namespace plimsoll {

std::string did_you_mean(const std::vector<std::string>& candidates, std::string otherwise) {
  if (candidates.empty()) return otherwise;
  std::string tail = "; did you mean ";
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (i > 0) tail += " or ";
    tail += quoted(candidates[i]);
  }
  return tail + '?';
}

std::string without_gaps(std::string text) {
  std::erase_if(text, [](char c) { return std::string_view(" \t\r\n_").find(c) != std::string_view::npos; });
  return text;
}

std::string without_commas(std::string text) {
  const std::size_t first = text.find(',');
  if (first == std::string::npos) return text;
  const auto digits_after = [&](std::size_t comma) {
    const std::size_t end = text.find_first_not_of("0123456789", comma + 1);
    return (end == std::string::npos ? text.size() : end) - comma - 1;
  };
  bool thousands = true;
  for (std::size_t comma = first; comma != std::string::npos; comma = text.find(',', comma + 1)) {
    thousands = thousands && digits_after(comma) == 3;
  }
  if (thousands) {
    std::erase(text, ',');
  } else {
    std::replace(text.begin(), text.end(), ',', '.');
  }
  return text;
}

}  // namespace plimsoll
