#include "webhook/command_line.hpp"

#include <CLI/CLI.hpp>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "webhook/commands/mutate.hpp"

using namespace plimsoll::webhook;

namespace {

// Reports what it was given.
Action declare_echo(CLI::App& command) {
  const auto word = std::make_shared<std::string>("none");
  command.add_option("--some-word", *word);
  return [word] { return Report{*word, {}, ExitCode::Ok}; };
}

Action declare_shout(CLI::App& command) {
  const auto word = std::make_shared<std::string>("none");
  command.add_option("--some-word", *word);
  return [word] { return Report{*word + "!", {}, ExitCode::Ok}; };
}

constexpr Command kNested[] = {{"shout", "says it loudly", declare_shout}};
constexpr Command kCommands[] = {{"echo", "says a word", declare_echo, kNested}, {"mutate", "decides", declare_mutate}};

Report run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "plimsoll");
  return read_command_line(kCommands, static_cast<int>(arguments.size()), arguments.data())();
}

// Sets an environment variable for one scope.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST_CASE("a command below a command has its own flags, variables, help and complaints") {
  CHECK(run({"echo"}).out == "none");
  CHECK(run({"echo", "shout"}).out == "none!");
  CHECK(run({"echo", "shout", "--some-word=a"}).out == "a!");
  const Variable outer("PLIMSOLL_ECHO_SOME_WORD", "outer");
  const Variable inner("PLIMSOLL_ECHO_SHOUT_SOME_WORD", "inner");
  CHECK(run({"echo"}).out == "outer");
  CHECK(run({"echo", "shout"}).out == "inner!");
  CHECK_THAT(run({"echo", "--help"}).out, Catch::Contains("says it loudly") && !Catch::Contains("PLIMSOLL_ECHO_SOME"));
  CHECK_THAT(run({"echo", "shout", "--help"}).out, Catch::Contains("--some-word") && !Catch::Contains("PLIMSOLL_ECHO"));
  const Report refused = run({"echo", "shout", "--loudly"});
  CHECK(refused.exit_code == ExitCode::Unusable);
  CHECK_THAT(refused.err,
             Catch::Contains("plimsoll echo shout: ") && Catch::Contains("See: plimsoll echo shout --help"));
}

}  // namespace

TEST_CASE("a flag comes from the command line, else from the environment, else it has its default") {
  CHECK(run({"echo"}).out == "none");
  const Variable word("PLIMSOLL_ECHO_SOME_WORD", "environment");
  CHECK(run({"echo"}).out == "environment");
  CHECK(run({"echo", "--some-word", "line"}).out == "line");
}

TEST_CASE("the environment of one command does not disturb another") {
  const Variable output("PLIMSOLL_MUTATE_OUTPUT", "nonsense");
  CHECK(run({"echo"}).exit_code == ExitCode::Ok);
  CHECK(run({"mutate", "-f", "x"}).exit_code == ExitCode::Unusable);
}

TEST_CASE("what cannot be understood is unusable, said on standard error with a way on") {
  struct Case {
    std::vector<const char*> arguments;
    std::string want;
  };
  const std::vector<Case> cases = {
      {{"mutat", "-f", "x"}, "plimsoll: \"mutat\" is no command: did you mean \"mutate\"?\nSee: plimsoll --help\n"},
      {{"frobnicate"}, "plimsoll: \"frobnicate\" is no command\nSee: plimsoll --help\n"},
      {{"mutate"}, "plimsoll mutate: --filename is required\nSee: plimsoll mutate --help\n"},
      {{"mutate", "-f", "x", "-o", "xml"},
       "plimsoll mutate: --output: \"xml\" is no format, which are: yaml json patch diff explain\nSee: plimsoll mutate "
       "--help\n"},
      {{"echo", "--other"},
       "plimsoll echo: The following argument was not expected: --other\nSee: plimsoll echo "
       "--help\n"},
  };
  for (const Case& c : cases) {
    CAPTURE(c.want);
    const Report report = run(c.arguments);
    CHECK(report.exit_code == ExitCode::Unusable);
    CHECK(report.out.empty());
    CHECK(report.err == c.want);
  }
}

TEST_CASE("help and version are answers, not errors; no arguments at all get the help") {
  CHECK(run({"--version"}).exit_code == ExitCode::Ok);
  CHECK(run({"--version"}).out.starts_with("plimsoll "));
  const Report help = run({"--help"});
  CHECK(help.exit_code == ExitCode::Ok);
  CHECK(help.out.find("Exit codes:") != std::string::npos);
  CHECK(run({"mutate", "--help"}).out.find("Examples:") != std::string::npos);
  const Report nothing = run({});
  CHECK(nothing.exit_code == ExitCode::Unusable);
  CHECK(nothing.err == help.out);
}

TEST_CASE("of several outcomes our own failure counts most, then unusable input, then a refusal") {
  CHECK(worse(ExitCode::Ok, ExitCode::Rejected) == ExitCode::Rejected);
  CHECK(worse(ExitCode::Rejected, ExitCode::Unusable) == ExitCode::Unusable);
  CHECK(worse(ExitCode::Failure, ExitCode::Unusable) == ExitCode::Failure);
  CHECK(worse(ExitCode::Ok, ExitCode::Ok) == ExitCode::Ok);
}
