// A policy file: whatever it holds, it is a policy or a list of problems with places.
#include <algorithm>

#include "demand.hpp"
#include "plimsoll/config/policy.hpp"

namespace plimsoll::fuzz {
namespace {

void try_policy(const std::string& text) {
  const auto policy = config::parse_policy(text);
  if (policy) {
    demand(*config::parse_policy(text) == *policy, "the same text, another policy");
    return;
  }
  demand(!policy.error().empty(), "refused without a problem");
  const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  for (const config::Problem& problem : policy.error()) {
    demand(!problem.message.empty(), "a problem without words");
    // YAML also breaks lines at a carriage return alone.
    const auto breaks = lines + static_cast<std::size_t>(std::ranges::count(text, '\r'));
    demand(problem.line <= breaks + 1, "a problem beyond the end: " + config::to_text(problem));
  }
}

}  // namespace
}  // namespace plimsoll::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  plimsoll::fuzz::try_policy(plimsoll::fuzz::to_string(bytes, size));
  return 0;
}
