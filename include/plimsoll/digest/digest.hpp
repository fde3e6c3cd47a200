// SHA-256, for the short hashes in markers, families and audit records, and for the chain of audit lines.
#pragma once

#include <string>
#include <string_view>

namespace plimsoll::digest {

/// All 64 lower-case hexadecimal digits.
/// Threads: safe, and so are the others.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// All 64 digits of HMAC-SHA-256 (RFC 2104), which nobody can make without `key`.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

/// The first 8 hexadecimal digits: enough to tell revisions and names apart, never a proof.
[[nodiscard]] std::string short_hash(std::string_view bytes);

}  // namespace plimsoll::digest
