#include "audit_file.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace plimsoll::telemetry {
namespace {

namespace fs = std::filesystem;

std::string content_of(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST_CASE("a rotation that cannot open the new file, however often it is tried, loses no older one") {
  std::string pattern = (fs::temp_directory_path() / "plimsoll-audit-XXXXXX").string();
  const fs::path directory = ::mkdtemp(pattern.data());
  const std::string path = directory / "log";
  std::ofstream(path + ".1") << "older\n";
  Result<AuditFile> file = AuditFile::open(path, {.max_size = 5, .max_backups = 2}, AuditFile::Writers::Many);
  REQUIRE(file);
  CHECK(file->append("old\n").error == 0);

  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{3, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &none);
  bool is_rotated = false;
  for (int i = 0; i < 3; ++i) is_rotated = is_rotated || file->rotate().has_value();
  ::setrlimit(RLIMIT_NOFILE, &before);
  CHECK_FALSE(is_rotated);

  CHECK(file->append("lost nowhere\n").error == 0);
  CHECK(file->rotate());
  CHECK(file->append("new\n").error == 0);
  CHECK(content_of(path) == "new\n");
  CHECK(content_of(path + ".1") == "old\nlost nowhere\n");
  CHECK(content_of(path + ".2") == "older\n");
  fs::remove_all(directory);
}

}  // namespace
}  // namespace plimsoll::telemetry
