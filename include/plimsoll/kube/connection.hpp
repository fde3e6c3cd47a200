// Where the API server is, and how one proves to be somebody there: from inside a Pod, or from a kubeconfig.
//
// A Connection names files and does not hold their bytes, because they change under a running program: the kubelet
// replaces a service account's token about every hour, and certificates are renewed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"

namespace plimsoll::kube {

/// A text that stands in the configuration itself, or in a file.
struct Source {
  std::string text = {};
  std::string file = {};  ///< goes before `text`

  [[nodiscard]] bool is_empty() const { return text.empty() && file.empty(); }
  bool operator==(const Source&) const = default;
};

/// The text, as the file has it now. Errors: a file that cannot be read or is larger than 1 MiB.
[[nodiscard]] Result<std::string> load_text(const Source& source);

struct Connection {
  std::string host;  ///< a DNS name or an address, IPv6 without brackets
  std::uint16_t port = 443;
  std::string base_path = {};    ///< before every path, as a proxy may want it; empty or `/…` without a last slash
  std::string server_name = {};  ///< what the certificate has to prove; empty: `host`
  Source authority = {};         ///< PEM; none: whom the machine trusts
  Source certificate = {};       ///< PEM: the client's own, then its issuers; none: none is shown
  Source key = {};
  Source token = {};  ///< none: no Authorization header

  bool operator==(const Connection&) const = default;
};

/// Where the kubelet puts a service account's token and the cluster's CA.
inline constexpr std::string_view kServiceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount";

/// For a Pod: `host` and `port` are the values of KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT.
///
/// Errors: one of them is empty or the port no number: this is no Pod, or one without the variables.
[[nodiscard]] Result<Connection> make_in_cluster_connection(std::string_view host, std::string_view port,
                                                            std::string_view directory = kServiceAccountDirectory);

/// The current context of a kubeconfig, YAML or JSON; `directory` is that of its file, to which paths are relative.
///
/// Errors: no current context, a name that leads nowhere, a server that is no `https://` URL, and what is not supported
/// (credential plugins, passwords, impersonation, proxies, unverified TLS), each with what is.
[[nodiscard]] Result<Connection> parse_kubeconfig(std::string_view text, std::string_view directory);

}  // namespace plimsoll::kube
