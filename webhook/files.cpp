#include "files.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <iterator>
#include <sstream>

namespace plimsoll::webhook {

Result<std::string> load_file(const std::string& path) {
  std::ostringstream content;
  if (path == "-") {
    content << std::cin.rdbuf();
    return std::move(content).str();
  }
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return fail(ErrorCode::Io, std::strerror(errno), path);
  // Reading a directory opens well and fails here.
  if (!(content << file.rdbuf()) && file.peek() != std::ifstream::traits_type::eof()) {
    return fail(ErrorCode::Io, "cannot be read", path);
  }
  if (file.bad()) return fail(ErrorCode::Io, "cannot be read", path);
  return std::move(content).str();
}

Result<void> store_file(const std::string& path, std::string_view content) {
  const std::string unfinished = path + ".tmp";
  {
    errno = 0;
    std::ofstream file(unfinished, std::ios::binary | std::ios::trunc);
    file << content;
    file.close();
    if (!file) return fail(ErrorCode::Io, std::strerror(errno), unfinished);
  }
  if (std::rename(unfinished.c_str(), path.c_str()) != 0) return fail(ErrorCode::Io, std::strerror(errno), path);
  return {};
}

Result<config::Policy> load_policy(const std::string& path) {
  if (path.empty()) return config::default_policy();
  PLIMSOLL_TRY(text, load_file(path));
  Result<config::Policy, config::Problems> policy = config::parse_policy(text);
  if (policy) return std::move(policy).value();
  std::string message = "is no usable policy";
  for (const config::Problem& problem : policy.error()) message += "\n  " + path + ":" + config::to_text(problem);
  return fail(ErrorCode::Invalid, std::move(message), path);
}

}  // namespace plimsoll::webhook
