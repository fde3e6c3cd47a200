// Whole files, read and replaced.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"

namespace plimsoll::webhook {

/// The bytes of `path`; of standard input for "-". Errors: ErrorCode::Io; `where` is the name for people.
[[nodiscard]] Result<std::string> load_file(const std::string& path);

/// Replaces the file, so that a reader sees the old or the new but no half, and a key is never readable by others.
/// Errors: ErrorCode::Io; then the old file is there as it was.
[[nodiscard]] Result<void> store_file(const std::string& path, std::string_view content, mode_t mode);

/// Replaces the content of a file that is there, as a whole; mode and owner stay, and a link still points at it.
/// Errors: ErrorCode::Io; then the file is there as it was. What is no regular file or may not be written is refused.
[[nodiscard]] Result<void> replace_file(const std::string& path, std::string_view content);

/// `path` for messages: "-" is `<stdin>`; what could disturb a terminal is escaped.
[[nodiscard]] std::string display_name(const std::string& path);

}  // namespace plimsoll::webhook
