// Policies from files.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/config/policy.hpp"

namespace plimsoll::webhook {

/// Reads the text of the policy file `path`. Errors: a line for each problem, `FILE:line:column: path: message`.
[[nodiscard]] Result<config::Policy, std::vector<std::string>> parse_policy_file(const std::string& path,
                                                                                 std::string_view text);

/// Reads a policy. Errors: a line for each problem, `FILE:line:column: path: message`.
[[nodiscard]] Result<config::Policy, std::vector<std::string>> load_policy(const std::string& path);

/// What `policy` does, in a paragraph for its author.
[[nodiscard]] std::string summarise(const config::Policy& policy);

}  // namespace plimsoll::webhook
