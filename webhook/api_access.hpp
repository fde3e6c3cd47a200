// Where the API server is, for the commands that talk to it.
#pragma once

#include <string>

#include "plimsoll/base/result.hpp"
#include "plimsoll/kube/connection.hpp"

namespace plimsoll::webhook {

/// The first of: the file `kubeconfig`, the one that KUBECONFIG names, the Pod's own service account,
/// ~/.kube/config. Errors: none of them, or what is wrong with the first that is there.
[[nodiscard]] Result<kube::Connection> find_api_server(const std::string& kubeconfig);

}  // namespace plimsoll::webhook
