#include "webhook/compose/readiness.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "webhook/refusals.hpp"

namespace plimsoll::webhook {
namespace {

bool is_verbose(std::string_view query) {
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    if (pair == "verbose" || pair.starts_with("verbose=")) return true;
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
  }
  return false;
}

}  // namespace

void Readiness::add(std::string name, std::function<Finding()> check) {
  checks_.emplace_back(std::move(name), std::move(check));
}

http::Response Readiness::answer(std::string_view query) const {
  bool all_hold = !is_stopping_;
  std::string list = is_stopping_ ? "[-]shutdown: shutting down\n" : "[+]shutdown ok\n";
  for (const auto& [name, check] : checks_) {
    const Finding finding = check();
    all_hold = all_hold && finding.holds;
    list += finding.holds ? fmt::format("[+]{} ok{}{}\n", name, finding.detail.empty() ? "" : ": ", finding.detail)
                          : fmt::format("[-]{}: {}\n", name, finding.detail);
  }
  if (all_hold && !is_verbose(query)) return {.status = 200, .content_type = kPlainText, .body = "ok\n"};
  list += all_hold ? "readyz check passed\n" : "readyz check failed\n";
  return {.status = all_hold ? 200U : 503U, .content_type = kPlainText, .body = std::move(list)};
}

}  // namespace plimsoll::webhook
