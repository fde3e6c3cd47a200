// plimsoll: one program, one table of commands.
//
// A command declares its options, is chosen by the command line, and then computes a Report, which print() below shows;
// only what would be too long or come too late for one is written by the command itself.
#include <csignal>

#include "webhook/command_line.hpp"
#include "webhook/commands/audit.hpp"
#include "webhook/commands/audit_replay.hpp"
#include "webhook/commands/audit_verify.hpp"
#include "webhook/commands/certs.hpp"
#include "webhook/commands/check.hpp"
#include "webhook/commands/import.hpp"
#include "webhook/commands/mutate.hpp"
#include "webhook/commands/register.hpp"
#include "webhook/commands/serve.hpp"
#include "webhook/commands/test.hpp"
#include "webhook/report.hpp"

int main(int argc, char** argv) {
  using namespace plimsoll::webhook;

  static constexpr Command kAuditCommands[] = {
      {"verify", "look for changed, removed and moved lines", declare_audit_verify},
      {"replay", "decide what was recorded again, under another policy", declare_audit_replay},
  };
  static constexpr Command kCertsCommands[] = {
      {"make", "an authority and a server certificate, into files", declare_certs_make},
      {"show", "look at certificates: files, a Secret, or what a server shows", declare_certs_show},
      {"rotate", "replace certificates by new ones, in files or a Secret", declare_certs_rotate},
  };
  constexpr Command kCommands[] = {
      {"serve", "answer the API server: the webhook itself", declare_serve},
      {"mutate", "decide objects from files as the cluster would", declare_mutate},
      {"import", "read a Slurm or PBS script: its requests as estimates", declare_import},
      {"check", "look for mistakes in policies and server configs", declare_check},
      {"test", "run golden cases: objects and what is to become of them", declare_test},
      {"register", "how the API server calls: print it, or make it so", declare_register},
      {"audit", "read audit logs: filter, sum up, follow", declare_audit, kAuditCommands},
      {"certs", "make, show and rotate certificates", declare_certs, kCertsCommands},
  };

  // A reader that goes away (`plimsoll mutate ... | head`) is then an error of write(2), which print() forgives.
  std::signal(SIGPIPE, SIG_IGN);

  const Action action = read_command_line(kCommands, argc, argv);
  return static_cast<int>(print(action()));
}
