// Where a set of self-made certificates is kept: a directory, or a Secret of Kubernetes. The same entries in both.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "plimsoll/base/result.hpp"
#include "plimsoll/kube/api_client.hpp"
#include "plimsoll/tls/secret_keeper.hpp"

namespace plimsoll::webhook {

/// A store, and what messages call it.
struct CertificatePlace {
  std::string name;
  tls::SecretStore store;
};

/// Files of the entries' names in `directory`, which is made when it is not there; keys can be read by their owner
/// alone. One writer at a time: versions are not kept.
[[nodiscard]] CertificatePlace make_directory_place(const std::string& directory);

/// A Secret, by its namespace and name.
struct SecretName {
  std::string name_space;
  std::string name;
};

/// Parses NAMESPACE/NAME.
[[nodiscard]] Result<SecretName> parse_secret_name(std::string_view text);

/// The entries of a Secret of type kubernetes.io/tls, which is made when it is not there. What else stands in it stays.
[[nodiscard]] CertificatePlace make_secret_place(std::shared_ptr<kube::ApiClient> client, SecretName secret);

}  // namespace plimsoll::webhook
