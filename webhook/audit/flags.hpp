// The flags that choose entries of an audit log, the same for every command that reads one.
#pragma once

#include <string>

#include "plimsoll/audit/filter.hpp"
#include "plimsoll/base/result.hpp"

namespace CLI {
class App;
}

namespace plimsoll::webhook {

struct FilterFlags {
  audit::Filter filter;  ///< without since and until
  std::string since;
  std::string until;
};

/// Adds the flags to `command`. Requires: `flags` outlives it.
void declare_filter(CLI::App& command, FilterFlags& flags);

/// Errors: ErrorCode::Invalid, `where` the flag.
[[nodiscard]] Result<audit::Filter> make_filter(const FilterFlags& flags, TimePoint now);

}  // namespace plimsoll::webhook
