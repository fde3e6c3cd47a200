#include "dialects.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace plimsoll::plan {
namespace {

constexpr std::array kDialects = {
#define PLIMSOLL_DIALECT(enumerator, file, name) &dialects::file,
#include "plimsoll/config/dialects.def"
#undef PLIMSOLL_DIALECT
};

constexpr Bytes kMebibyte(1 << 20);

}  // namespace

Result<GpuShape> fit_whole(const GpuAsk& ask, const config::Gpu& policy) {
  return dialects::device_plugin.fit(ask, policy);
}

Result<GpuShape> fit_share(const GpuAsk& ask, const config::Gpu& policy) {
  GpuAsk one = ask;
  one.is_alone = false;  // several GPUs are no share of one
  PLIMSOLL_TRY(shape, fit_whole(one, policy));
  shape.amounts.clear();
  shape.whole = GpuCount();
  // A share of a large GPU is as good as one of a small one: only what the author accepts is asked for.
  if (ask.models.empty() && policy.memory_label.empty()) shape.nodes.clear();
  return shape;
}

std::string name_waste(Bytes there, Bytes needed) {
  if (there <= needed) return "";
  return fmt::format(", with {} to spare", to_text(Bytes(there.count() - needed.count())));
}

std::int64_t to_mebibytes(Bytes bytes) {
  return bytes.rounded_up_to(kMebibyte).count() / kMebibyte.count();
}

std::optional<Quantity> authored_amount(const workload::Container& container, std::string_view resource) {
  const auto limit = container.authored(workload::Side::Limit, resource);
  return limit ? limit : container.authored(workload::Side::Request, resource);
}

std::optional<Bytes> authored_mebibytes(const workload::Container& container, std::string_view resource) {
  const auto amount = authored_amount(container, resource);
  if (!amount || amount->nanos() < 0) return std::nullopt;
  const std::int64_t count = std::min(amount->value(), Bytes::max().count() / kMebibyte.count());
  return Bytes(count * kMebibyte.count());
}

const Dialect& find_dialect(config::Dialect dialect) {
  return *kDialects[static_cast<std::size_t>(dialect)];
}

std::span<const Dialect* const> all_dialects() {
  return kDialects;
}

}  // namespace plimsoll::plan
