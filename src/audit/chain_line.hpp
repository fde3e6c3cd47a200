// A chained line taken apart.
#pragma once

#include "plimsoll/audit/chain.hpp"

namespace plimsoll::audit {

struct SealedLine {
  Link link;
  std::string previous;
  std::string_view hashed;  ///< the bytes that `link.hash` is to be the hash of
};

/// Nothing when `line` carries no chain.
[[nodiscard]] std::optional<SealedLine> read_seal(std::string_view line);

/// SHA-256, or HMAC-SHA-256 with a key that is not empty.
[[nodiscard]] std::string hash_of(std::string_view bytes, std::string_view key);

}  // namespace plimsoll::audit
