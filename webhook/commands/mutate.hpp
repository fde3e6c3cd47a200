// `plimsoll mutate`: the decision of the cluster, for objects in files.
#pragma once

#include <string>
#include <vector>

#include "webhook/command_line.hpp"
#include "webhook/report.hpp"

namespace plimsoll::webhook {

struct MutateOptions {
  enum class Output { Yaml, Json, Patch, Diff, Explain };

  std::vector<std::string> files = {};  ///< "-" is standard input
  Output output = Output::Yaml;
  bool in_place = false;    ///< the files are written, not the output
  std::string policy = {};  ///< a file; empty: the built-in policy
  std::string name_space = "default";
  std::string user = {};
  std::vector<std::string> groups = {};
  std::string now = {};  ///< RFC 3339; empty: the clock
  Style style = Style::Plain;
};

/// Decides every object of every file.
[[nodiscard]] Report mutate(const MutateOptions& options);

[[nodiscard]] Action declare_mutate(CLI::App& command);

}  // namespace plimsoll::webhook
