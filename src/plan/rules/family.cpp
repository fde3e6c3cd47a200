#include "family.hpp"

#include "plimsoll/digest/digest.hpp"

namespace plimsoll::plan::rules {

std::string family_label(std::string_view family) {
  constexpr std::size_t kSlugLimit = 54;  // 54 + '-' + 8 = 63, the longest label value
  std::string slug;
  for (const char c : family) {
    if (slug.size() == kSlugLimit) break;
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    if (plain) {
      slug += c;
    } else if (c >= 'A' && c <= 'Z') {
      slug += static_cast<char>(c - 'A' + 'a');
    } else if (!slug.empty() && slug.back() != '-') {
      slug += '-';
    }
  }
  if (slug.empty()) return digest::short_hash(family);
  if (slug.back() != '-') slug += '-';
  return slug + digest::short_hash(family);
}

}  // namespace plimsoll::plan::rules
