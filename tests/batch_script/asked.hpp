// A script in a line, for tables: what it asks for, or what is wrong with it.
#pragma once

#include <string>
#include <string_view>

#include "plimsoll/batch_script/batch_script.hpp"

namespace plimsoll::batch_script {

/// "cpu=8 memory=4Gi", then "pods=4/2" (completions, parallelism) where there are several, then the untranslated as
/// "-<subject>"; of a script that cannot be read "! <subject>: <what is wrong>; …".
inline std::string asked(std::string_view script) {
  const auto parsed = parse_script(script);
  std::string out;
  if (!parsed) {
    for (const Remark& problem : parsed.error()) {
      out += (out.empty() ? "! " : "; ") + problem.subject + ": " + problem.text;
    }
    return out;
  }
  const auto append = [&](const std::string& word) { out += (out.empty() ? "" : " ") + word; };
  for (const Estimate& estimate : parsed->estimates) append(estimate.key + "=" + estimate.value);
  if (parsed->pod_is != PodIs::Script) {
    append("pods=" + std::to_string(parsed->completions) + "/" + std::to_string(parsed->parallelism));
  }
  if (parsed->requeue == Script::Requeue::Refused) append("no-requeue");
  for (const Remark& left : parsed->untranslated) append("-" + left.subject);
  return out;
}

}  // namespace plimsoll::batch_script
