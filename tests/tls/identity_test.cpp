#include "plimsoll/tls/identity.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "pem.hpp"
#include "plimsoll/tls/self_made.hpp"

namespace plimsoll::tls {
namespace {

using namespace std::chrono_literals;

const TimePoint kNow{std::chrono::sys_days{std::chrono::January / 1 / 2026}};
const IdentityFiles kNames{"tls.crt", "tls.key"};

SelfMade made_for(const std::string& name) {
  return *make_self_made(std::vector{name}, kNow);
}

/// A directory of its own, gone at the end.
class Directory {
 public:
  Directory() : path_(std::filesystem::temp_directory_path() / ("plimsoll-" + std::to_string(std::random_device{}()))) {
    std::filesystem::create_directory(path_);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { std::filesystem::remove_all(path_); }

  std::string store(const std::string& name, const std::string& text) const {
    std::ofstream(path_ / name, std::ios::binary) << text;
    return path_ / name;
  }
  std::string path(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

TEST_CASE("an identity loads from two files and keeps their text") {
  const SelfMade made = made_for("localhost");
  const Directory directory;
  const auto loaded = load_identity({directory.store("tls.crt", made.identity.chain_pem() + made.authority_pem),
                                     directory.store("tls.key", made.identity.key_pem())});
  REQUIRE(loaded.has_value());
  CHECK(loaded->chain_pem() == made.identity.chain_pem() + made.authority_pem);
  CHECK(loaded->key_pem() == made.identity.key_pem());
  CHECK(loaded->valid_from() == kNow - 1h);
  CHECK(loaded->valid_until() == kNow + 365 * 24h);
}

TEST_CASE("a certificate and a key that do not belong together are refused, and the error names file and cure") {
  const SelfMade one = made_for("localhost");
  const SelfMade other = made_for("localhost");
  const std::string chain = one.identity.chain_pem();
  const std::string key = one.identity.key_pem();
  struct Case {
    std::string chain, key, where, message;
  };
  const std::vector<Case> cases{
      {chain, other.identity.key_pem(), "tls.key", "is not the key of the first certificate in \"tls.crt\""},
      {one.authority_pem + chain, key, "tls.key",
       "is not the key of the first certificate in \"tls.crt\" but of number 2; the server's own certificate must come "
       "first"},
      {"", key, "tls.crt", "is empty"},
      {"hello", key, "tls.crt", "holds no certificate"},
      {key, chain, "tls.crt", "are the two files swapped?"},
      {chain, chain, "tls.key", "are the two files swapped?"},
      {chain.substr(0, chain.size() / 2), key, "tls.crt", "certificate 1 is malformed"},
      {chain + "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n", key, "tls.crt",
       "certificate 2 is malformed"},
      {chain, "", "tls.key", "is empty"},
      {chain, "hello", "tls.key", "holds no private key"},
      {chain, key.substr(0, key.size() / 2), "tls.key", "malformed private key"},
      {chain, encrypt_key(key), "tls.key", "a key without a passphrase is needed"},
  };
  for (const Case& c : cases) {
    INFO(c.where << ": " << c.message);
    const auto identity = parse_identity(c.chain, c.key, kNames);
    REQUIRE_FALSE(identity.has_value());
    CHECK(identity.error().where == c.where);
    CHECK_THAT(identity.error().message, Catch::Contains(c.message));
  }
}

TEST_CASE("a file that cannot be read is named with the reason") {
  const SelfMade made = made_for("localhost");
  const Directory directory;
  const std::string certificate = directory.store("tls.crt", made.identity.chain_pem());

  const auto missing = load_identity({certificate, directory.path("absent.key")});
  REQUIRE_FALSE(missing.has_value());
  CHECK(missing.error() ==
        Error{ErrorCode::Io, "cannot be read: No such file or directory", directory.path("absent.key")});

  const auto is_directory = load_identity({directory.path("."), certificate});
  REQUIRE_FALSE(is_directory.has_value());
  CHECK_THAT(is_directory.error().message, Catch::Contains("Is a directory"));

  const auto endless = load_identity({"/dev/zero", certificate});
  REQUIRE_FALSE(endless.has_value());
  CHECK(endless.error().code == ErrorCode::TooLarge);
}

TEST_CASE("identities are equal when their text is") {
  const SelfMade one = made_for("localhost");
  CHECK(*parse_identity(one.identity.chain_pem(), one.identity.key_pem(), kNames) == one.identity);
  CHECK_FALSE(made_for("localhost").identity == one.identity);
}

}  // namespace
}  // namespace plimsoll::tls
