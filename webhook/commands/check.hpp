// `plimsoll check`: policies and server configs, before they are rolled out.
#pragma once

#include <string>
#include <vector>

#include "webhook/command_line.hpp"
#include "webhook/report.hpp"

namespace plimsoll::webhook {

/// Says what is wrong with each policy and server config, or what it does.
[[nodiscard]] Report check(const std::vector<std::string>& files);

[[nodiscard]] Action declare_check(CLI::App& command);

}  // namespace plimsoll::webhook
