// What is said of the whole pod.
//
// Where its author wrote spec.resources, it is written there. Else it is divided so that what the scheduler counts is
// what the estimate asks for: whoever has a size keeps it, the others share what is left. Nobody can know who of them
// needs it, so each may use all that is left: only requests are divided. With `raise` and `replace`, where every
// container has a size of its author's, all of them move in proportion.

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>

#include "../split.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/workload/effective_requests.hpp"
#include "sizing.hpp"

namespace plimsoll::plan::rules {
namespace {

using workload::Container;
using workload::Side;
using Role = Container::Role;

// The author speaks of the whole pod himself.
template <class T>
void size_where_written(const Input& input, const Case<T>& c, Outcome& out) {
  if (has_negative(input.workload.pod_amounts, c.resource)) return;
  const auto written_of_pod = [&](Side side) { return amount_in<T>(input.workload.authored_of_pod(side, c.resource)); };
  Pair<T> written{written_of_pod(Side::Request), written_of_pod(Side::Limit)};
  const std::vector<Container>& containers = input.workload.containers;
  const T asked = workload::most_at_once<T>(containers, [&](std::size_t i) {
    return amount_in<T>(containers[i].authored_request_or_limit(c.resource)).value_or(T{});
  });
  // Until 1.36 the API server fills in the sum of the containers before we see a Pod (pkg/apis/core/v1/defaults.go,
  // PodLevelResourcesFixDefaulting): nobody's wish while there are containers that ask for nothing.
  const bool is_filled_in = input.workload.kind == workload::Kind::Pod && !written.limit && written.request == asked &&
                            std::ranges::any_of(containers, [&](const Container& container) {
                              return !container.authored_request_or_limit(c.resource);
                            });
  if (is_filled_in) written.request.reset();
  Target<T> target = make_target(input, c, out);
  if (*target.pair.request < asked) {
    // The API server holds the pod to what its containers ask for.
    target.pair.request = asked;
    if (target.pair.limit) target.pair.limit = std::max(*target.pair.limit, asked);
    target.request_reason += fmt::format(", at least what the containers ask for, {}", to_text(asked));
    out.warnings.push_back(fmt::format("{}: the containers ask for {} together, more than the estimate of the pod, {}",
                                       c.resource, to_text(asked), to_text(c.estimate.value)));
  }
  T largest;  // the API server holds no container to more than the pod may have
  for (const Container& container : containers) {
    if (container.role != Role::App) continue;
    largest = std::max(largest, amount_in<T>(container.present(Side::Limit, c.resource)).value_or(T{}));
  }
  if (target.pair.limit && *target.pair.limit < largest) {
    target.pair.limit = largest;
    target.limit_reason += fmt::format(", at least a container's own limit {}", to_text(largest));
  }
  const config::Authored treatment = treatment_of(input, written, *target.pair.request);
  Pair<T> settled = settle(written, target.pair, treatment);
  if (!written.request && written.limit && asked > T{}) {
    // No copy of the limit then: the request would be no more than the sum of the containers'.
    if (treatment == config::Authored::Keep) {
      if (asked > *written.limit) return;  // the API server refuses it, whatever stands beside it
      target.pair.request = std::min(*target.pair.request, *written.limit);
    }
    settled.request = target.pair.request;
  }
  if (settled.limit && settled.limit != written.limit) settled.limit = std::max(*settled.limit, largest);
  const auto make_edit = [&](Side side, std::string quantity) -> Edit {
    return SetPodAmount{side, std::string(c.resource), std::move(quantity)};
  };
  write(written, settled, target, make_edit, out);
  warn_of_conflict(written, settled, c, out);
  warn_if_lowered(written, settled, c, c.whose, out);
}

bool is_known_sidecar(const Input& input, const Container& container) {
  const std::vector<std::string>& sidecars = input.settings.estimates.sidecars;
  return std::ranges::find(sidecars, container.name) != sidecars.end();
}

// One resource of a pod while it is divided.
template <class T>
class Division {
 public:
  Division(const Input& input, const Case<T>& c, const std::vector<std::optional<T>>& own, Outcome& out)
      : input_(input), c_(c), out_(out), whole_(make_target(input, c, out)) {
    // Sidecars that are known take nothing that was not said of them, unless there is nobody else.
    const bool has_others = std::ranges::any_of(containers(), [&](const Container& container) {
      return container.role == Role::App && !is_known_sidecar(input, container);
    });
    for (std::size_t i = 0; i < containers().size(); ++i) {
      const Container& container = containers()[i];
      Part part{.role = container.role};
      const std::optional<T> counted = own[i] ? own[i] : written_in<T>(container, c.resource).counted();
      if (counted) {
        part.fixed = counted->count();
      } else if (!has_negative(container.amounts, c.resource) && (!has_others || !is_known_sidecar(input, container))) {
        part.weight = 1;
        part.least = least_of(container).count();
      }
      is_authored_.push_back(counted && !own[i]);
      parts_.push_back(part);
    }
    if (count_open() == 0) move_in_proportion();
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      const T size(parts_[i].fixed);
      if (parts_[i].role != Role::Init || !is_authored_[i] || size <= wanted()) continue;
      if (treatment_of(input, Pair<T>{size, {}}, wanted()) == config::Authored::Replace) move(i);
    }
  }

  void write() {
    const std::vector<std::int64_t> shares = split(wanted().count(), parts_, c_.sizing.round.count());
    std::vector<T> counted;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      counted.push_back(T(shares[i]));
      if (parts_[i].weight == 0) continue;
      const Container& container = containers()[i];
      // An init container that moves is one that is too large.
      const config::Authored treatment = parts_[i].role == Role::Init ? config::Authored::Replace : treatment_;
      const Pair<T> settled = bring_to(input_, i, c_.resource, c_.sizing, make_share(i, shares), treatment, out_);
      warn_if_lowered(written_in<T>(container, c_.resource), settled, c_, "container " + to_display(container.name),
                      out_);
      counted.back() = settled.counted().value_or(T{});
    }
    const T asked = workload::most_at_once<T>(containers(), [&](std::size_t i) { return counted[i]; });
    if (asked > wanted()) {
      out_.warnings.push_back(
          fmt::format("{}: the containers ask for {} together, more than the estimate of the pod "
                      "makes, {}",
                      c_.resource, to_text(asked), to_text(wanted())));
    } else if (asked < c_.estimate.value) {
      out_.warnings.push_back(fmt::format("{}: the containers ask for {} together, below the estimate of the pod, {}",
                                          c_.resource, to_text(asked), to_text(c_.estimate.value)));
    }
  }

 private:
  const std::vector<Container>& containers() const { return input_.workload.containers; }
  T wanted() const { return *whole_.pair.request; }
  T least_of(const Container& container) const {
    if constexpr (std::is_same_v<T, Bytes>) {
      if (c_.resource == "memory") return std::max(c_.sizing.min, memory_floor(input_.workload, container));
    }
    return c_.sizing.min;
  }
  std::ptrdiff_t count_open() const {
    return std::ranges::count_if(parts_, [](const Part& p) { return p.role != Role::Init && p.weight > 0; });
  }

  // All that run together have sizes: those of their author may move, in proportion.
  void move_in_proportion() {
    T together;
    for (const Part& part : parts_) {
      if (part.role != Role::Init) together += T(part.fixed);
    }
    treatment_ = treatment_of(input_, Pair<T>{together, {}}, wanted());
    const bool moves =
        treatment_ == config::Authored::Replace || (treatment_ == config::Authored::Raise && together < wanted());
    for (std::size_t i = 0; i < parts_.size() && moves; ++i) {
      if (is_authored_[i] && parts_[i].role != Role::Init) move(i);
    }
  }
  // It gets a share in the place of what it has, by the weight of that.
  void move(std::size_t index) {
    Part& part = parts_[index];
    part.weight = std::max<std::int64_t>(part.fixed, 1);
    part.least = least_of(containers()[index]).count();
    part.fixed = 0;
  }

  Target<T> make_share(std::size_t index, const std::vector<std::int64_t>& shares) const {
    const Part& part = parts_[index];
    const T share(shares[index]);
    const bool is_init = part.role == Role::Init;
    Target<T> target;
    target.pair.request = share;
    target.request_reason = "the pod's " + whole_.request_reason;
    T taken;  // by others
    for (std::size_t i = 0; i < (is_init ? index : parts_.size()); ++i) {
      if (is_init ? parts_[i].role == Role::Sidecar : parts_[i].role != Role::Init) {
        taken += T(is_init ? shares[i] : parts_[i].fixed);
      }
    }
    if (taken > T{}) {
      target.request_reason +=
          fmt::format(", less {} of {}", to_text(taken), is_init ? "the sidecars before it" : "other containers");
    }
    const bool is_one_of_several = !is_init && count_open() > 1;
    if (is_authored_[index]) {
      target.request_reason += is_init ? "" : ", in the proportions that are written";
    } else if (is_one_of_several) {
      target.request_reason += fmt::format(", shared by {}", count_open());
    }
    if (share.count() == part.least) {
      target.request_reason += fmt::format(", at least {}", to_text(share));
    } else if (share != wanted()) {
      target.request_reason += fmt::format(" = {}", to_text(share));
    }
    if (whole_.pair.limit) {
      const bool may_use_all = is_one_of_several && !is_authored_[index];
      const T most = may_use_all ? std::max(share, T(left_of(wanted().count(), parts_))) : share;
      target.pair.limit = in_proportion(*whole_.pair.limit, wanted(), most);
      target.limit_reason =
          may_use_all ? "all that is left for the containers that share it" : "the pod's " + whole_.limit_reason;
    }
    return target;
  }

  const Input& input_;
  const Case<T>& c_;
  Outcome& out_;
  Target<T> whole_;
  std::vector<Part> parts_;
  std::vector<bool> is_authored_;
  config::Authored treatment_ = config::Authored::Keep;
};

}  // namespace

template <class T>
void size_whole_pod(const Input& input, const Case<T>& c, const std::vector<std::optional<T>>& own, Outcome& out) {
  if (input.workload.has_pod_level(c.resource)) return size_where_written(input, c, out);
  Division<T>(input, c, own, out).write();
}

template void size_whole_pod(const Input&, const Case<MilliCpu>&, const std::vector<std::optional<MilliCpu>>&,
                             Outcome&);
template void size_whole_pod(const Input&, const Case<Bytes>&, const std::vector<std::optional<Bytes>>&, Outcome&);

}  // namespace plimsoll::plan::rules
