// How clusters are asked for GPUs: what an author said neutrally, in the words of whoever hands them out.
//
// Each dialect is a constant in a file of its own under dialects/, with the source it was read from;
// include/plimsoll/config/dialects.def lists them. A dialect is pure translation: it sees the ask and the policy, not
// the object, and what the author wrote himself never reaches it.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/config/policy.hpp"
#include "plimsoll/workload/workload.hpp"

namespace plimsoll::plan {

/// What one container asks for.
struct GpuAsk {
  GpuCount count;               ///< at least 1
  std::optional<Bytes> memory;  ///< on each
  /// The most that any container of the pod needs on each GPU: a pod is on one node, and a node has one model.
  std::optional<Bytes> node_memory;
  std::span<const std::string> models;  ///< acceptable ones, best first; empty: any
  /// Whether no other container of the pod asks for GPUs.
  bool is_alone = true;
  std::string_view container;
  /// Whether it is the first app container, which annotations of the pod are about unless they say otherwise.
  bool is_first = true;
};

/// The same in the words of a cluster.
struct GpuShape {
  /// A request and a limit, equal.
  struct Amount {
    std::string resource;
    std::string quantity;
    std::string reason;
  };
  std::vector<Amount> amounts;
  struct Annotation {
    std::string key;
    std::string value;
    std::string reason;
  };
  std::vector<Annotation> annotations;
  /// A template to make a claim from; empty: none.
  std::string claim_template;
  std::string claim_reason;
  /// How many whole GPUs it comes to; none where it is parts of them.
  GpuCount whole;
  /// Of the node, required or preferred as the policy says.
  std::vector<config::NodeRequirement> nodes;
  std::string node_reason;
};

struct Dialect {
  /// Errors: what the policy's shapes cannot hold; the message goes on after the value of the estimate.
  Result<GpuShape> (*fit)(const GpuAsk& ask, const config::Gpu& policy);
  /// The memory on each GPU that the author asked for in this dialect himself; null: nobody can in this one.
  std::optional<Bytes> (*authored_memory)(const workload::Workload& workload, const workload::Container& container,
                                          const config::Gpu& policy);
};

/// What every dialect says to an ask without `memory`: whole GPUs.
[[nodiscard]] Result<GpuShape> fit_whole(const GpuAsk& ask, const config::Gpu& policy);

/// For dialects that hand out shares of any size: what is left to weigh is whether one GPU holds the share, and that
/// the models are acceptable. The shape is one without amounts.
[[nodiscard]] Result<GpuShape> fit_share(const GpuAsk& ask, const config::Gpu& policy);

/// `, with 4Gi to spare`, or nothing when there is none.
[[nodiscard]] std::string name_waste(Bytes there, Bytes needed);

/// In whole mebibytes, rounded up.
[[nodiscard]] std::int64_t to_mebibytes(Bytes bytes);

/// What the author wrote as a limit, or as a request.
[[nodiscard]] std::optional<Quantity> authored_amount(const workload::Container& container, std::string_view resource);
/// The same of a resource that counts mebibytes.
[[nodiscard]] std::optional<Bytes> authored_mebibytes(const workload::Container& container, std::string_view resource);

[[nodiscard]] const Dialect& find_dialect(config::Dialect dialect);
[[nodiscard]] std::span<const Dialect* const> all_dialects();

namespace dialects {
#define PLIMSOLL_DIALECT(enumerator, file, name) extern const Dialect file;
#include "plimsoll/config/dialects.def"
#undef PLIMSOLL_DIALECT
}  // namespace dialects

}  // namespace plimsoll::plan
