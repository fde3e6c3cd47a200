// `plimsoll import`: what a batch script asks for, as annotations or as a Job.
#pragma once

#include <string>

#include "plimsoll/config/policy.hpp"
#include "webhook/command_line.hpp"
#include "webhook/report.hpp"

namespace plimsoll::webhook {

struct ImportOptions {
  enum class Output { Annotations, Job, Json };

  std::string file = {};  ///< "-" is standard input
  Output output = Output::Annotations;
  std::string policy = {};  ///< a file, whose prefix the annotations take; empty: the built-in policy
  std::string image = {};   ///< of the Job's container; empty: a placeholder, and no command
  /// What a scheduler is asked for is a limit, and people ask for more than they need.
  config::Confidence confidence = config::Confidence::High;
};

/// Reads one script and says it in Kubernetes' terms.
[[nodiscard]] Report import_script(const ImportOptions& options);

[[nodiscard]] Action declare_import(CLI::App& command);

}  // namespace plimsoll::webhook
