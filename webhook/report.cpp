#include "webhook/report.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "webhook/output/stream.hpp"

namespace plimsoll::webhook {
namespace {

int rank(ExitCode code) {
  switch (code) {
    case ExitCode::Ok:
      return 0;
    case ExitCode::Rejected:
      return 1;
    case ExitCode::Unusable:
      return 2;
    case ExitCode::Failure:
      return 3;
  }
  return 3;
}

}  // namespace

ExitCode worse(ExitCode a, ExitCode b) {
  return rank(a) < rank(b) ? b : a;
}

ExitCode print(const Report& report) {
  const int failure = write_all(STDOUT_FILENO, report.out);
  // Nobody is left to tell when this one fails.
  static_cast<void>(write_all(STDERR_FILENO, report.err));
  if (failure == 0 || failure == EPIPE) return report.exit_code;
  const std::string message = std::string("plimsoll: cannot write the output: ") + std::strerror(failure) + "\n";
  static_cast<void>(write_all(STDERR_FILENO, message));
  return ExitCode::Failure;
}

Style detect_style() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string_view(value == nullptr ? "" : value);
  };
  const bool wanted = variable("NO_COLOR").empty() && variable("TERM") != "dumb";
  return wanted && ::isatty(STDOUT_FILENO) == 1 ? Style::Coloured : Style::Plain;
}

}  // namespace plimsoll::webhook
