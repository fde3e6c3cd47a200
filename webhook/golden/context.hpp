// The world in which a golden case is decided: its context.yaml, laid over those of the directories above.
#pragma once

#include <filesystem>
#include <string>

#include "plimsoll/base/result.hpp"
#include "plimsoll/base/time.hpp"
#include "plimsoll/config/policy.hpp"
#include "webhook/input/request.hpp"

namespace plimsoll::webhook {

struct GoldenContext {
  config::Policy policy;
  TimePoint now;
  Request request;
  /// The object is created under this instead of its name; empty: as it stands in input.yaml.
  std::string generate_name;
};

/// Errors: unknown keys, wrong types, a policy with problems; `where` is the file.
[[nodiscard]] Result<GoldenContext> load_context(const std::filesystem::path& case_directory);

}  // namespace plimsoll::webhook
