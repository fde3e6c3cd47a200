// What a command leaves behind: two texts and an exit code.
#pragma once

#include <string>

namespace plimsoll::webhook {

/// What the program's exit status means; the numbers are a contract with scripts.
enum class ExitCode {
  Ok = 0,        ///< all is well: objects are allowed, changed or not
  Failure = 1,   ///< our own failure, or a golden case that failed
  Unusable = 2,  ///< flags, files or input that cannot be used
  Rejected = 3,  ///< an object is refused
};

/// The one that counts when both happened: Failure before Unusable before Rejected before Ok.
[[nodiscard]] ExitCode worse(ExitCode a, ExitCode b);

struct Report {
  std::string out;
  std::string err;
  ExitCode exit_code = ExitCode::Ok;
};

/// Writes `report` to standard output and standard error and gives its exit code.
///
/// Errors: a reader that has gone away is none; output that cannot be written otherwise (a full disk) is a Failure.
/// Requires: SIGPIPE is ignored.
[[nodiscard]] ExitCode print(const Report& report);

/// Whether text may carry terminal colours.
enum class Style { Plain, Coloured };

/// Coloured when standard output is a terminal that shows colours and NO_COLOR (https://no-color.org) is not set.
[[nodiscard]] Style detect_style();

}  // namespace plimsoll::webhook
