#include "webhook/compose/readiness.hpp"

#include <fmt/format.h>

#include <string_view>

#include "plimsoll/base/text.hpp"

namespace plimsoll::webhook {
namespace {

http::Response make_text(unsigned status, std::string body) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(body)};
}

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

http::Response Readiness::answer(const http::Request& request) const {
  const bool live = request.path == "/livez";
  if (!live && request.path != "/readyz") {
    return make_text(
        404, fmt::format("there is nothing at {}: use /livez, /readyz or /metrics\n", to_display(request.path)));
  }
  if (request.method != "GET" && request.method != "HEAD") {
    http::Response response =
        make_text(405, fmt::format("{} is not allowed here: use GET, HEAD\n", to_display(request.method)));
    response.headers.emplace_back("Allow", "GET, HEAD");
    return response;
  }
  if (live) return make_text(200, "ok\n");

  bool all_hold = !is_stopping_;
  std::string list = is_stopping_ ? "[-]shutdown: shutting down\n" : "[+]shutdown ok\n";
  for (const auto& [name, check] : checks_) {
    const Finding finding = check();
    all_hold = all_hold && finding.holds;
    list += finding.holds ? fmt::format("[+]{} ok{}{}\n", name, finding.detail.empty() ? "" : ": ", finding.detail)
                          : fmt::format("[-]{}: {}\n", name, finding.detail);
  }
  if (all_hold && !is_verbose(request.query)) return make_text(200, "ok\n");
  return make_text(all_hold ? 200 : 503, list + (all_hold ? "readyz check passed\n" : "readyz check failed\n"));
}

}  // namespace plimsoll::webhook
