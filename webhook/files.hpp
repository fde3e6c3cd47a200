// Reading whole files, for the commands that run once.
#pragma once

#include <string>

#include "plimsoll/base/result.hpp"

namespace plimsoll::webhook {

/// The bytes of `path`; of standard input for "-". Errors: ErrorCode::Io; `where` is the name for people.
[[nodiscard]] Result<std::string> load_file(const std::string& path);

/// `path` for messages: "-" is `<stdin>`; what could disturb a terminal is escaped.
[[nodiscard]] std::string display_name(const std::string& path);

}  // namespace plimsoll::webhook
