// Files that commands read and write, with errors that name them.
#pragma once

#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"
#include "plimsoll/config/policy.hpp"

namespace plimsoll::webhook {

/// The whole of a file; "-" is standard input. Errors: ErrorCode::Io, `where` the path.
[[nodiscard]] Result<std::string> load_file(const std::string& path);

/// Replaces the file's content, so that a reader sees the old or the new but no half. Errors: ErrorCode::Io.
[[nodiscard]] Result<void> store_file(const std::string& path, std::string_view content);

/// The policy in `path`, or the built-in one when that is empty. Errors: all problems, a line each.
[[nodiscard]] Result<config::Policy> load_policy(const std::string& path);

}  // namespace plimsoll::webhook
