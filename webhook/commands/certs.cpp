#include "webhook/commands/certs.hpp"

#include <CLI/CLI.hpp>
#include <memory>

#include "plimsoll/base/text.hpp"
#include "plimsoll/http/server.hpp"
#include "plimsoll/tls/probe.hpp"
#include "plimsoll/units/duration.hpp"
#include "webhook/api_access.hpp"
#include "webhook/certificates/view.hpp"
#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

using tls::CertificateSet;
using tls::Step;
using tls::Wish;

// For a person who waits; the API server answers within milliseconds or is in trouble.
constexpr std::chrono::seconds kPatience{10};

// Servers write the same Secret, but not all the time.
constexpr int kMostAttempts = 5;

Report unusable(const Error& error, ExitCode code = ExitCode::Unusable) {
  const std::string what = error.where.empty() ? error.message : error.where + ": " + error.message;
  return {.out = {}, .err = "plimsoll certs: " + what + "\n", .exit_code = code};
}

TimePoint read_clock() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

/// Flags that say where a set is kept.
struct PlaceFlags {
  std::string directory;
  std::string secret;
  std::string kubeconfig;
};

Result<CertificatePlace> find_place(const PlaceFlags& flags) {
  if (flags.secret.empty()) return make_directory_place(flags.directory.empty() ? "." : flags.directory);
  PLIMSOLL_TRY(secret, parse_secret_name(flags.secret));
  PLIMSOLL_TRY(connection, find_api_server(flags.kubeconfig));
  const auto client = std::make_shared<kube::ApiClient>(connection, kube::ApiLimits{.deadline = kPatience});
  return make_secret_place(client, std::move(secret));
}

struct LifeFlags {
  std::string leaf = "90d";
  std::string authority = "1095d";
};

Result<std::chrono::milliseconds> read_life(std::string_view flag, const std::string& text) {
  const auto time = parse_duration(text);
  if (!time) return fail(time.error().code, time.error().message, std::string(flag));
  if (*time <= Duration{}) return fail(ErrorCode::Invalid, "must be longer than nothing", std::string(flag));
  return std::chrono::ceil<std::chrono::milliseconds>(time->nanoseconds());
}

Result<tls::Lifetimes> read_lifetimes(const LifeFlags& flags) {
  tls::Lifetimes lifetimes;
  PLIMSOLL_TRY(leaf, read_life("--certificate-life", flags.leaf));
  PLIMSOLL_TRY(authority, read_life("--ca-life", flags.authority));
  lifetimes.leaf = leaf;
  lifetimes.authority = authority;
  return lifetimes;
}

void declare_lives(CLI::App& command, LifeFlags& flags) {
  command.add_option("--certificate-life", flags.leaf, "how long a server certificate is valid")
      ->type_name("DURATION")
      ->capture_default_str();
  command.add_option("--ca-life", flags.authority, "how long an authority is valid")
      ->type_name("DURATION")
      ->capture_default_str();
}

CLI::Option* declare_place(CLI::App& command, PlaceFlags& flags) {
  auto* directory = command.add_option("--dir", flags.directory, "the directory of the files; none: this one")
                        ->type_name("DIRECTORY");
  auto* secret = command.add_option("--secret", flags.secret, "instead of files: a Secret, NAMESPACE/NAME")
                     ->type_name("SECRET")
                     ->excludes(directory);
  command.add_option("--kubeconfig", flags.kubeconfig, "none: $KUBECONFIG, else the Pod's own account")
      ->type_name("FILE")
      ->needs(secret);
  return directory;
}

// What was done, and what a person has to do next.
std::string describe(const CertificateSet& set, Step step) {
  const std::string until = plimsoll::to_text(set.leaf.valid_until());
  switch (step) {
    case Step::MakeAll:
      return "made an authority, valid until " + plimsoll::to_text(set.authority.valid_until()) +
             ", and a server certificate, valid until " + until + "\nca.crt is what callers must trust: the caBundle\n";
    case Step::RenewLeaf:
      return "made a new server certificate, valid until " + until + "; callers need not be told\n";
    case Step::MakeNext:
      return "made the next authority; ca.crt now has both. It takes over once callers trust it: servers that run with "
             "--register see to that,\nelse put ca.crt into every caBundle and say: plimsoll certs rotate "
             "--published\n";
    case Step::Promote:
      return "the next authority has taken over, with a new server certificate, valid until " + until +
             "\nthe old one stays in ca.crt until nothing that it signed can be valid\n";
    default:
      return {};
  }
}

struct Turn {
  Step step = Step::Keep;
  std::optional<CertificateSet> result;
};

// What has to become of `present`; nothing to be done is an error that says why.
Result<Turn> turn(const CertificateSet& present, const RotateOptions& options, TimePoint now) {
  tls::Circumstances circumstances{.names = present.leaf.names(), .lifetimes = options.lifetimes};
  Step step = Step::RenewLeaf;
  if (options.rotation != Rotation::Leaf) {
    circumstances.wish = options.rotation == Rotation::Everything ? Wish::RotateNow : Wish::Rotate;
    const tls::NextStep next = tls::next_step(now, &present, circumstances);
    step = next.step;
    if (step == Step::Promote && !options.is_published)
      return fail(ErrorCode::Invalid,
                  "there is a next authority already, and it takes over once callers trust it. When ca.crt is in every "
                  "caBundle, say --published");
    if (step == Step::Keep) return fail(ErrorCode::Invalid, "nothing to be done: " + next.reason);
  }
  PLIMSOLL_TRY(result, tls::take_step(step, now, &present, circumstances));
  return Turn{step, std::move(result)};
}

}  // namespace

Report make_certificates(const CertificatePlace& place, const tls::Circumstances& circumstances, Overwrite overwrite,
                         TimePoint now) {
  const auto present = place.store.load();
  if (!present) return unusable(present.error());
  if (!present->entries.empty() && overwrite == Overwrite::Refuse) {
    std::string names;
    for (const auto& [name, text] : present->entries) names += (names.empty() ? "" : ", ") + name;
    return unusable({ErrorCode::Invalid, "has " + names + " already; --force replaces them", place.name});
  }
  const auto made = tls::take_step(Step::MakeAll, now, nullptr, circumstances);
  if (!made) return unusable(made.error());
  const auto stored = place.store.store({tls::encode_certificates(*made), present->version});
  if (!stored) return unusable(stored.error());
  return {.out = place.name + ": " + describe(*made, Step::MakeAll), .err = {}};
}

Report rotate_certificates(const CertificatePlace& place, const RotateOptions& options, TimePoint now) {
  for (int attempt = 0; attempt < kMostAttempts; ++attempt) {
    const auto present = place.store.load();
    if (!present) return unusable(present.error(), ExitCode::Failure);
    const auto set = tls::decode_certificates(present->entries);
    if (!set) return unusable({set.error().code, set.error().where + " " + set.error().message, place.name});
    const auto turned = turn(*set, options, now);
    if (!turned) return unusable({turned.error().code, turned.error().message, place.name});
    const auto stored = place.store.store({tls::encode_certificates(*turned->result), present->version});
    if (!stored) return unusable(stored.error(), ExitCode::Failure);
    if (*stored == tls::SecretStore::Outcome::Conflict) continue;
    return {.out = place.name + ": " + describe(*turned->result, turned->step), .err = {}};
  }
  return unusable({ErrorCode::Io, "others changed it each time; try again", place.name}, ExitCode::Failure);
}

Action declare_certs(CLI::App& command) {
  command.require_subcommand(1);
  command.footer(R"(Self-made certificates are a handful of files, or the entries of a Secret of the same names:
  tls.crt tls.key              what the server shows
  ca.crt                       every authority that callers must trust: the caBundle
  authority.crt authority.key  signs what the server shows; keep the key away from the server
  next.* former.*              during a rotation: what will sign, what has signed

Examples:
  plimsoll certs make --dir certs --service plimsoll.plimsoll-system
  plimsoll certs show certs/tls.crt --key certs/tls.key --ca-file certs/ca.crt
  plimsoll certs rotate --secret plimsoll-system/plimsoll-tls --now      when a key has leaked)");
  return [] { return Report{}; };
}

Action declare_certs_make(CLI::App& command) {
  struct Options {
    std::string directory = ".";
    std::vector<std::string> names;
    std::string service;
    LifeFlags lives;
    bool force = false;
  };
  const auto options = std::make_shared<Options>();
  command.add_option("--dir", options->directory, "where the files go; made when it is not there")
      ->type_name("DIRECTORY")
      ->capture_default_str();
  command.add_option("--dns-name", options->names, "a name or address that callers use; more than once: several")
      ->type_name("NAME");
  command.add_option("--service", options->service, "NAME.NAMESPACE: all names of a Service of the cluster")
      ->type_name("SERVICE");
  declare_lives(command, options->lives);
  command.add_flag("--force", options->force, "replace files that are there");
  command.footer(
      R"(Writes ca.crt, tls.crt, tls.key, authority.crt and authority.key; the keys can be read by their owner alone.
Exit codes: 0 made, 2 nothing was made: files are there, or flags that cannot be used.

Examples:
  plimsoll certs make --dns-name localhost --dns-name 127.0.0.1
  plimsoll certs make --dir certs --service plimsoll.plimsoll-system
  kubectl -n plimsoll-system create secret tls plimsoll-tls --cert certs/tls.crt --key certs/tls.key)");
  return [options] {
    tls::Circumstances circumstances{.names = options->names};
    if (!options->service.empty()) {
      auto names = tls::service_names(options->service);
      if (!names) return unusable({names.error().code, names.error().message, "--service"});
      circumstances.names.insert(circumstances.names.end(), names->begin(), names->end());
    }
    if (circumstances.names.empty())
      return unusable({ErrorCode::Invalid, "say --dns-name or --service: callers check the name that they use"});
    const auto lifetimes = read_lifetimes(options->lives);
    if (!lifetimes) return unusable(lifetimes.error());
    circumstances.lifetimes = *lifetimes;
    return make_certificates(make_directory_place(options->directory), circumstances,
                             options->force ? Overwrite::Replace : Overwrite::Refuse, read_clock());
  };
}

Action declare_certs_rotate(CLI::App& command) {
  struct Options {
    PlaceFlags place;
    LifeFlags lives;
    bool leaf = false;
    bool now = false;
    bool published = false;
  };
  const auto options = std::make_shared<Options>();
  declare_place(command, options->place);
  auto* leaf = command.add_flag("--leaf", options->leaf, "only a new server certificate, by the same authority");
  auto* now = command.add_flag("--now", options->now, "everything anew, and the old authorities trusted no more")
                  ->excludes(leaf);
  command.add_flag("--published", options->published, "the next authority is in every caBundle: it may take over")
      ->excludes(leaf)
      ->excludes(now);
  declare_lives(command, options->lives);
  command.footer(
      R"(Without --leaf and --now the authority is replaced in two steps, and no call fails meanwhile: the first makes the
next authority and adds it to ca.crt, the second has it take over. Servers that share a Secret and run with --register
do the second by themselves, some minutes after every caBundle has it.

--now is for keys in wrong hands. Calls fail from the moment it is done until every caBundle has the new ca.crt and
every server the new certificate: seconds with --register.
Exit codes: 0 done, 1 the API server did not do it, 2 nothing to be done, or flags and files that cannot be used.)");
  return [options] {
    const auto place = find_place(options->place);
    if (!place) return unusable(place.error());
    const auto lifetimes = read_lifetimes(options->lives);
    if (!lifetimes) return unusable(lifetimes.error());
    const Rotation rotation = options->leaf  ? Rotation::Leaf
                              : options->now ? Rotation::Everything
                                             : Rotation::Authority;
    return rotate_certificates(*place, {rotation, options->published, *lifetimes}, read_clock());
  };
}

namespace {

struct ShowOptions {
  std::string file;
  std::string key_file;
  std::string authority_file;
  PlaceFlags place;
  std::string server;
  std::string name;
  std::string within = "0s";
  std::string output = "table";
};

Result<CertificateView> look(const ShowOptions& options, const ViewTerms& terms) {
  if (!options.place.secret.empty() || !options.place.directory.empty()) {
    PLIMSOLL_TRY(place, find_place(options.place));
    PLIMSOLL_TRY(stored, place.store.load());
    auto set = tls::decode_certificates(stored.entries);
    if (set) return view_certificates(*set, terms);
    // A stranger's Secret can be looked at as well.
    if (set.error().code != ErrorCode::Unsupported)
      return fail(set.error().code, set.error().where + " " + set.error().message, place.name);
    return view_certificates(
        {stored.entries["tls.crt"], stored.entries["tls.key"], stored.entries["ca.crt"], options.name}, terms);
  }
  CertificateTexts texts{.name = options.name};
  if (!options.server.empty()) {
    PLIMSOLL_TRY(address, http::parse_listen_address(options.server));
    const std::string host = address.host.empty() ? "localhost" : address.host;
    PLIMSOLL_TRY(chain, tls::fetch_chain({.host = host, .port = address.port, .server_name = options.name}));
    texts.chain = std::move(chain);
  } else if (!options.file.empty()) {
    PLIMSOLL_TRY(chain, load_file(options.file));
    texts.chain = std::move(chain);
  } else {
    return fail(ErrorCode::Invalid, "say a FILE, --dir, --secret or --connect");
  }
  if (!options.key_file.empty()) {
    PLIMSOLL_TRY(key, load_file(options.key_file));
    texts.key = std::move(key);
  }
  if (!options.authority_file.empty()) {
    PLIMSOLL_TRY(authorities, load_file(options.authority_file));
    texts.authorities = std::move(authorities);
  }
  return view_certificates(texts, terms);
}

}  // namespace

Action declare_certs_show(CLI::App& command) {
  const auto options = std::make_shared<ShowOptions>();
  auto* file = command.add_option("FILE", options->file, "PEM: a certificate, then its issuers; - is standard input");
  auto* directory = declare_place(command, options->place)->excludes(file);
  command.get_option("--secret")->excludes(file);
  command.add_option("--connect", options->server, "HOST:PORT: what a server shows to whoever connects")
      ->type_name("ADDRESS")
      ->excludes(file)
      ->excludes(directory);
  command.add_option("--key", options->key_file, "PEM: does this key belong to it?")->type_name("FILE");
  command.add_option("--ca-file", options->authority_file, "PEM: would callers that trust this trust it?")
      ->type_name("FILE");
  command.add_option("--name", options->name, "the name that callers use, such as plimsoll.plimsoll-system.svc")
      ->type_name("NAME");
  command.add_option("--within", options->within, "a problem is also what expires in less than this")
      ->type_name("DURATION")
      ->capture_default_str();
  command.add_option("-o,--output", options->output, "table or json")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  command.footer(
      R"(Shows who each certificate is for, who signed it and how long it is valid, and says what does not fit.
Exit codes: 0 all is well, 2 input that cannot be used, 3 expired, expiring within --within, or parts that do not fit.

Examples:
  plimsoll certs show tls.crt --key tls.key --ca-file ca.crt --name plimsoll.plimsoll-system.svc
  plimsoll certs show --secret plimsoll-system/plimsoll-tls --within 14d
  plimsoll certs show --connect localhost:8443 -o json)");
  return [options] {
    const auto within = parse_duration(options->within);
    if (!within) return unusable({within.error().code, within.error().message, "--within"});
    const TimePoint now = read_clock();
    const auto view = look(*options, {now, std::chrono::ceil<std::chrono::milliseconds>(within->nanoseconds())});
    if (!view) return unusable(view.error());
    return Report{.out = options->output == "json" ? write_json(*view, now) : write_table(*view, now),
                  .err = {},
                  .exit_code = view->problems.empty() ? ExitCode::Ok : ExitCode::Rejected};
  };
}

}  // namespace plimsoll::webhook
