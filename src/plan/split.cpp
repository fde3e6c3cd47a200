#include "split.hpp"

#include <algorithm>
#include <cstddef>

#include "plimsoll/units/quantity.hpp"

namespace plimsoll::plan {
namespace {

using Role = workload::Container::Role;

std::int64_t share_of(std::int64_t left, std::int64_t weight, Int128 weights, std::int64_t step) {
  const auto share = static_cast<std::int64_t>(Int128{left} * weight / weights);
  return step > 0 ? share - share % step : share;
}

void divide(std::int64_t left, const std::vector<Part>& parts, std::int64_t step, std::vector<std::int64_t>& shares) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].role != Role::Init && parts[i].weight > 0) open.push_back(i);
  }
  // Who needs more than his share is served first; then the others' shares are smaller.
  for (bool is_settled = false; !is_settled;) {
    is_settled = true;
    Int128 weights = 0;
    for (const std::size_t i : open) weights += parts[i].weight;
    for (const std::size_t i : open) {
      if (share_of(left, parts[i].weight, weights, step) >= parts[i].least) continue;
      shares[i] = parts[i].least;
      left = std::max<std::int64_t>(left - parts[i].least, 0);
      std::erase(open, i);
      is_settled = false;
      break;
    }
    if (!is_settled || open.empty()) continue;
    std::int64_t rest = left;
    for (const std::size_t i : open) rest -= shares[i] = share_of(left, parts[i].weight, weights, step);
    shares[open.front()] += rest;
  }
}

}  // namespace

std::int64_t left_of(std::int64_t total, const std::vector<Part>& parts) {
  for (const Part& part : parts) {
    if (part.role != Role::Init) total = std::max<std::int64_t>(total - part.fixed, 0);
  }
  return total;
}

std::vector<std::int64_t> split(std::int64_t total, const std::vector<Part>& parts, std::int64_t step) {
  std::vector<std::int64_t> shares(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) shares[i] = parts[i].fixed;
  divide(left_of(total, parts), parts, step, shares);
  std::int64_t beside = total;  // what the sidecars that are running by then leave
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (parts[i].role == Role::Sidecar) beside = std::max<std::int64_t>(beside - shares[i], 0);
    if (parts[i].role == Role::Init && parts[i].weight > 0) shares[i] = std::max(beside, parts[i].least);
  }
  return shares;
}

}  // namespace plimsoll::plan
