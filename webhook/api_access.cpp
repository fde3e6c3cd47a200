#include "webhook/api_access.hpp"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Result<kube::Connection> load_kubeconfig(const std::string& path) {
  PLIMSOLL_TRY(text, load_file(path));
  auto connection = kube::parse_kubeconfig(text, std::filesystem::path(path).parent_path().string());
  if (connection) return std::move(*connection);
  const Error& error = connection.error();
  return fail(error.code, error.message, display_name(path) + (error.where.empty() ? "" : ": " + error.where));
}

}  // namespace

Result<kube::Connection> find_api_server(const std::string& kubeconfig) {
  if (!kubeconfig.empty()) return load_kubeconfig(kubeconfig);
  if (const std::string path = environment("KUBECONFIG"); !path.empty()) {
    if (path.find(':') == std::string::npos) return load_kubeconfig(path);
    return fail(ErrorCode::Unsupported, "names several files; say --kubeconfig with one of them", "KUBECONFIG");
  }
  const auto in_cluster =
      kube::make_in_cluster_connection(environment("KUBERNETES_SERVICE_HOST"), environment("KUBERNETES_SERVICE_PORT"));
  if (in_cluster) return *in_cluster;
  const std::string home = environment("HOME") + "/.kube/config";
  if (::access(home.c_str(), F_OK) == 0) return load_kubeconfig(home);
  return fail(ErrorCode::NotFound, "no API server is known: this is no Pod, and there is neither KUBECONFIG nor " +
                                       display_name(home) + "; say --kubeconfig FILE");
}

}  // namespace plimsoll::webhook
