#include "webhook/compose/start_up_pages.hpp"

#include <catch2/catch.hpp>
#include <cstddef>
#include <fstream>
#include <string>

namespace plimsoll::webhook {
namespace {

/// Units: KiB.
std::size_t resident_of_files() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssFile:")) return std::stoul(line.substr(8));
  }
  return 0;
}

TEST_CASE("code and constants that are not run again are no longer resident") {
  const std::size_t before = resident_of_files();
  give_back_start_up_pages();
  const std::size_t after = resident_of_files();
  INFO(before << " KiB before, " << after << " KiB after");
  CHECK(after < before / 2);
}

}  // namespace
}  // namespace plimsoll::webhook
