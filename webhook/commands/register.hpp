// `plimsoll register`: how the API server is to call Plimsoll under a policy, printed or made so.
#pragma once

#include <string>

#include "plimsoll/config/policy.hpp"
#include "plimsoll/kube/registration.hpp"
#include "webhook/command_line.hpp"

namespace plimsoll::webhook {

/// The registrations of `policy` as YAML that a person would commit.
[[nodiscard]] std::string print_registrations(const config::Policy& policy, const kube::RegistrationOptions& options);

/// Exit codes: 0 as wanted (with --dry-run: what would be done is said), 1 the API server did not do it, 2 for unusable
/// flags, files or credentials.
[[nodiscard]] Action declare_register(CLI::App& command);

}  // namespace plimsoll::webhook
