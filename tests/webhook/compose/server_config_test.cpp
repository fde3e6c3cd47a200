#include "webhook/compose/server_config.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "webhook/command_line.hpp"
#include "webhook/commands/check.hpp"
#include "webhook/input/files.hpp"
#include "webhook/temporary.hpp"

using namespace plimsoll;
using namespace plimsoll::webhook;
using namespace std::chrono_literals;

namespace {

const std::string kHead = "apiVersion: plimsoll.dev/v1alpha1\nkind: ServerConfig\n";

// Every problem of a document, one a line.
std::string problems_of(const std::string& yaml) {
  const auto values = parse_server_config(yaml);
  if (values) return "";
  std::string text;
  for (const config::Problem& problem : values.error()) text += config::to_text(problem) + "\n";
  return text;
}

// What serve would be told, in words.
Action declare_probe(CLI::App& command) {
  const auto told = declare_serve_command(command);
  return [told] {
    std::string text;
    for (const auto& [flag, values] : told->values) {
      for (const std::string& value : values) text += flag + "=" + value + "\n";
    }
    return Report{text, {}, ExitCode::Ok};
  };
}

Report run(std::vector<std::string> arguments) {
  constexpr Command kCommands[] = {{"serve", "serves", declare_probe}};
  std::vector<const char*> words{"plimsoll", "serve"};
  for (const std::string& argument : arguments) words.push_back(argument.c_str());
  return read_command_line(kCommands, static_cast<int>(words.size()), words.data())();
}

bool says(const Report& report, const std::string& line) {
  return ("\n" + report.out).find("\n" + line + "\n") != std::string::npos;
}

class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

}  // namespace

TEST_CASE("a field sets what its flag sets") {
  const auto values = parse_server_config(kHead +
                                          "listen: 127.0.0.1:9443\nselfSigned: true\ndnsNames: [localhost, a.b.svc]\n"
                                          "threads: 4\ndrainDelay: 3s\npolicy: null\n");
  REQUIRE(values);
  CHECK(*values == FlagValues{{"--listen", {"127.0.0.1:9443"}},
                              {"--self-signed", {"true"}},
                              {"--dns-name", {"localhost", "a.b.svc"}},
                              {"--threads", {"4"}},
                              {"--drain-delay", {"3s"}}});
  CHECK(parse_server_config(kHead + "selfSigned: false\ndnsNames: []\n")->empty());
}

TEST_CASE("what is wrong with a server config is told with its place and a way on") {
  struct Case {
    std::string yaml;
    std::string want;
  };
  const Case cases[] = {
      {"", "is empty: it must at least say apiVersion: plimsoll.dev/v1alpha1 and kind: ServerConfig\n"},
      {"- 1\n", "1:1: a ServerConfig is a map, not a list\n"},
      {"kind: ServerConfig\n", "1:1: apiVersion: is missing: it must be plimsoll.dev/v1alpha1\n"},
      {"apiVersion: v1\nkind: Server\n",
       "1:13: apiVersion: must be plimsoll.dev/v1alpha1, not \"v1\"\n2:7: kind: must be ServerConfig, not "
       "\"Server\"\n"},
      {kHead + "a: [\n", "4:1: "},
      {kHead + "threads: 1\nthreads: 2\n", "4:1: "},
      {kHead + "---\n" + kHead, "4:1: another document starts here: a file holds one ServerConfig\n"},
      {kHead + "drianDelay: 3s\n", "3:1: drianDelay: unknown field; did you mean \"drainDelay\"?\n"},
      {kHead + "config: other.yaml\n", "3:1: config: unknown field; known here: apiVersion, kind, listen, "},
      {kHead + "help: true\n", "3:1: help: unknown field; known here: "},
      {kHead + "listen: 8443\n", "3:9: listen: \"8443\" is not an address to listen on; write \":8443\""},
      {kHead + "selfSigned: 1\n", "3:13: selfSigned: must be true or false, not \"1\"\n"},
      {kHead + "dnsNames: localhost\n", "3:11: dnsNames: must be a list, not \"localhost\"\n"},
      {kHead + "dnsNames: [localhost, {}]\n", "3:23: dnsNames: must be a text or a number, not a map\n"},
      {kHead + "policy: yes\n",
       "3:9: policy: must be a text or a number, not yes (a boolean to YAML; quoted it is a text)\n"},
      {kHead + "threads: 99\n", "3:10: threads: "},
      {kHead + "threads: many\n", "3:10: threads: "},
      {kHead + "threads: 010\n",
       "3:10: threads: 010 is another number to YAML than it looks: write it as a plain decimal\n"},
      {kHead + "drainDelay: 5\n", "3:13: drainDelay: \"5\" is not a duration: it has no unit"},
      {kHead + "logLevel: \"lo\\e[31mud\"\n", "3:11: logLevel: lo\\u{1b}[31mud not in "},
      {kHead + "threads: 99\ndrainDelay: 5\nlisten: x\n", "3:10: threads: "},
  };
  for (const Case& each : cases) {
    CAPTURE(each.yaml);
    const std::string found = problems_of(each.yaml);
    CHECK(found.substr(0, each.want.size()) == each.want);
    CHECK(found.find('\x1b') == std::string::npos);
  }
}

TEST_CASE("all problems are told at once") {
  const std::string found = problems_of(kHead + "threads: 99\ndrainDelay: 5\nlisten: x\nfrob: 1\n");
  CHECK(std::ranges::count(found, '\n') == 4);
}

TEST_CASE("a value comes from the flag, else the environment, else the file, else the default") {
  const TemporaryDirectory directory;
  const std::string file = directory.write(
      "server.yaml", kHead + "listen: :1\nhealthListen: :2\nthreads: 3\nselfSigned: true\ndnsNames: [file]\n");
  const Variable threads("PLIMSOLL_SERVE_THREADS", "5");
  const Variable health("PLIMSOLL_SERVE_HEALTH_LISTEN", ":6");
  const Report report = run({"--config", file, "--health-listen", ":7", "--dns-name=flag"});
  CAPTURE(report.err);
  CHECK(report.exit_code == ExitCode::Ok);
  CHECK(says(report, "--listen=:1"));         // file
  CHECK(says(report, "--health-listen=:7"));  // flag, over environment and file
  CHECK(says(report, "--threads=5"));         // environment, over file
  CHECK(says(report, "--drain-delay=10s"));   // default
  CHECK(says(report, "--dns-name=flag"));     // a list is replaced, not lengthened
  CHECK_FALSE(says(report, "--dns-name=file"));
}

TEST_CASE("the file itself may be named by the environment") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("server.yaml", kHead + "threads: 3\n");
  const Variable config("PLIMSOLL_SERVE_CONFIG", file.c_str());
  CHECK(says(run({}), "--threads=3"));
}

TEST_CASE("what one field needs another place may give") {
  const TemporaryDirectory directory;
  const std::string names = directory.write("names.yaml", kHead + "dnsNames: [localhost]\ncaOut: ca.crt\n");
  CHECK(run({"--config", names, "--self-signed"}).exit_code == ExitCode::Ok);
  CHECK(run({"--config", names}).err.starts_with("plimsoll serve: --ca-out requires --self-signed\n"));
  const std::string self_made = directory.write("self-made.yaml", kHead + "selfSigned: true\n");
  CHECK(run({"--config", self_made, "--dns-name=localhost"}).exit_code == ExitCode::Ok);
  CHECK(run({"--config", self_made, "--tls-cert-file=a", "--tls-private-key-file=b"}).exit_code == ExitCode::Unusable);
  const std::string off = directory.write("off.yaml", kHead + "selfSigned: false\n");
  CHECK(run({"--config", off, "--tls-cert-file=a", "--tls-private-key-file=b"}).exit_code == ExitCode::Ok);
}

TEST_CASE("a bad file ends the start, with all its problems") {
  const TemporaryDirectory directory;
  const std::string file = directory.write("server.yaml", kHead + "threads: 99\nfrob: 1\n");
  const Report report = run({"--config", file});
  CHECK(report.exit_code == ExitCode::Unusable);
  CHECK(report.err.find(file + ":3:10: threads: ") != std::string::npos);
  CHECK(report.err.find(file + ":4:1: frob: ") != std::string::npos);
  CHECK(run({"--config", "/no/such"})
            .err.starts_with("plimsoll serve: --config: /no/such: cannot be read: No such file or directory\n"));
  CHECK(run({"--config", file, "--help"}).exit_code == ExitCode::Ok);
}

TEST_CASE("options are read anew beneath what the command line had said") {
  const FlagValues said{{"--config", {"server.yaml"}}, {"--threads", {"5"}}, {"--self-signed", {"true"}}};
  const auto serve = read_serve_options(said, "server.yaml", kHead + "threads: 3\ndrainDelay: 7s\n");
  REQUIRE(serve);
  CHECK(serve->options.threads == 5);
  CHECK(serve->options.self_signed);
  CHECK(serve->options.drain_delay == 7s);
  CHECK(serve->options.stop_timeout == 15s);
  CHECK(serve->values.at("--drain-delay") == std::vector<std::string>{"7s"});

  const auto refused = read_serve_options(said, "server.yaml", kHead + "threads: 99\n");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().at(0).starts_with("server.yaml:3:10: threads: "));
  const auto contradictory = read_serve_options(said, "server.yaml", kHead + "tlsCertFile: a\ntlsPrivateKeyFile: b\n");
  REQUIRE_FALSE(contradictory);
  CHECK(contradictory.error().at(0).starts_with("server.yaml: --tls-cert-file excludes --self-signed"));
}

TEST_CASE("check tells a server config from a policy") {
  const TemporaryDirectory directory;
  const std::string good = directory.write("good.yaml", kHead + "threads: 3\nselfSigned: true\ndnsNames: [a, b]\n");
  const std::string bad = directory.write("bad.yaml", kHead + "thraeds: 3\n");
  const Report report = check({good, bad});
  CHECK(report.exit_code == ExitCode::Unusable);
  CHECK(report.out == good +
                          ": ok\nIt is as if serve were called with --dns-name=a --dns-name=b --self-signed "
                          "--threads=3.\n" +
                          bad + ":3:1: thraeds: unknown field; did you mean \"threads\"?\n");
}

TEST_CASE("docs/server_config.md has every field, its flag, its default, and whether it follows a change") {
  std::vector<std::string> wanted;
  for (const ServerConfigField& field : server_config_fields()) {
    const std::string value = field.default_value.empty() ? "" : "`" + field.default_value + "`";
    wanted.push_back("`" + field.name + "` | `" + field.flag + "` | " + value + " | " +
                     (field.is_live ? "at once" : "restart"));
  }
  const Result<std::string> page = load_file(PLIMSOLL_SOURCE_DIR "/docs/server_config.md");
  REQUIRE(page);
  std::vector<std::string> found;
  std::istringstream lines(*page);
  const std::regex row(R"(^\| (`[A-Za-z]+` \| `--[a-z-]+` \| [^|]*\| (at once|restart)) \|.*)");
  for (std::string line; std::getline(lines, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    found.push_back(std::regex_replace(match[1].str(), std::regex(" +"), " "));
  }
  for (std::string& line : wanted) line = std::regex_replace(line, std::regex(" +"), " ");
  CHECK(found == wanted);
}

TEST_CASE("the example in docs/server_config.md is good") {
  const Result<std::string> page = load_file(PLIMSOLL_SOURCE_DIR "/docs/server_config.md");
  REQUIRE(page);
  const std::size_t begin = page->find("```yaml\n") + 8;
  CHECK(problems_of(page->substr(begin, page->find("```", begin) - begin)).empty());
}
