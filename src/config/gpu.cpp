// GPUs: what the cluster has, and in which dialect it is asked for.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <set>

#include "coverage.hpp"
#include "plimsoll/base/text.hpp"
#include "reader.hpp"
#include "syntax.hpp"

namespace plimsoll::config {
namespace {

constexpr auto kDialects = std::to_array<std::string_view>({
#define PLIMSOLL_DIALECT(enumerator, file, name) name,
#include "plimsoll/config/dialects.def"
#undef PLIMSOLL_DIALECT
});

void read_count(const Value& value, GpuCount& out) {
  std::int64_t count = out.count();
  read_integer(value, count, 1, 1024);
  out = GpuCount(count);
}

const Syntax kClaimTemplate{"a ResourceClaimTemplate (lower-case letters, digits, '-', '.')", is_dns_subdomain};

void read_dialect(const Value& value, Dialect& out) {
  if (const auto index = read_word(value, kDialects)) out = static_cast<Dialect>(*index);
}

// What GPU instances NVIDIA's driver makes, without the media extensions (+me) that some can have.
// Source: NVIDIA's MIG user guide, "Supported MIG Profiles"; NVIDIA/mig-parted v0.15.0, deployments/container.
constexpr auto kMigProfiles = std::to_array<std::string_view>({
    "1g.5gb",   "1g.6gb",   "1g.10gb",  "1g.12gb",  "1g.18gb",  "1g.20gb",  "1g.23gb", "1g.24gb", "1g.34gb",
    "1g.35gb",  "1g.45gb",  "1g.47gb",  "1g.67gb",  "1g.70gb",  "2g.10gb",  "2g.12gb", "2g.20gb", "2g.24gb",
    "2g.35gb",  "2g.45gb",  "2g.47gb",  "2g.67gb",  "2g.70gb",  "3g.20gb",  "3g.40gb", "3g.47gb", "3g.71gb",
    "3g.90gb",  "3g.93gb",  "3g.95gb",  "3g.135gb", "3g.139gb", "4g.20gb",  "4g.24gb", "4g.40gb", "4g.47gb",
    "4g.71gb",  "4g.90gb",  "4g.93gb",  "4g.95gb",  "4g.135gb", "4g.139gb", "7g.40gb", "7g.80gb", "7g.94gb",
    "7g.141gb", "7g.180gb", "7g.186gb", "7g.189gb", "7g.269gb", "7g.278gb",
});

void read_profile_name(const Value& value, std::string& out) {
  const auto text = scalar_text(value, "a MIG profile such as 3g.20gb");
  if (!text) return;
  out = *text;
  std::string_view plain = out;
  if (plain.ends_with("+me")) plain.remove_suffix(3);
  if (std::ranges::find(kMigProfiles, plain) != kMigProfiles.end()) return;
  value.refuse(fmt::format("must be a MIG profile such as 3g.20gb or 1g.10gb+me, not {}{}", quoted(out),
                           suggestion(plain, kMigProfiles)));
}

/// A name, which tells its memory, or a table that tells it better.
void read_profile(const Value& value, MigProfile& out) {
  if (value.node().kind == yaml::Node::Kind::Map) {
    read_table(value, out);
  } else {
    read_profile_name(value, out.name);
  }
  if (out.memory == Bytes()) out.memory = usable_memory(out.name).value_or(Bytes());
}

bool is_hugepages(std::string_view text) {
  const auto size = text.starts_with("hugepages-") ? parse_quantity(text.substr(10)) : Result<Quantity>(Quantity());
  return size && size->nanos() > 0;
}

const Syntax kCompanion{"an extended resource such as rdma/hca, or hugepages-<size>",
                        [](std::string_view text) { return is_hugepages(text) || kExtendedResource.matches(text); }};

void read_whole(const Value& value, Quantity& out) {
  const auto text = scalar_text(value, "a whole quantity such as 1 or 2Gi");
  if (!text) return;
  const Result<Quantity> quantity = parse_quantity(*text);
  if (!quantity) return value.refuse(quantity.error().message);
  if (quantity->nanos() <= 0 || !quantity->is_whole()) {
    return value.refuse(fmt::format("must be whole and more than 0, not {}", quoted(*text)));
  }
  out = *quantity;
}

/// What `dialect` cannot do without and `gpu` does not say; empty: nothing.
std::string_view what_lacks(Dialect dialect, const Gpu& gpu) {
  if (dialect == Dialect::Mig && gpu.mig_profiles.empty()) return "gpu.mig.profiles";
  if (dialect == Dialect::Dra && gpu.claim_templates.empty()) return "gpu.dra.claimTemplates";
  return {};
}

void check_needs(const Value& value, Dialect dialect, const Gpu& gpu) {
  const std::string_view missing = what_lacks(dialect, gpu);
  if (missing.empty()) return;
  value.refuse_member("dialect", fmt::format("{} needs {}, which is not there", to_text(dialect), missing));
}

void check_dialects(const Value& value, const Gpu& gpu) {
  std::vector<Entry> entries;
  for (const DialectRule& rule : gpu.dialects) {
    entries.push_back({&rule.when, fmt::format("dialects[{}] ({})", entries.size(), to_text(rule.dialect))});
  }
  if (!entries.empty()) refuse_unreached(*value.find("dialects"), entries);
  check_needs(value, gpu.dialect, gpu);
  for (std::size_t i = 0; i < gpu.dialects.size(); ++i) {
    check_needs(value.find("dialects")->item(i), gpu.dialects[i].dialect, gpu);
  }
  if (!gpu.memory_label.empty() && !gpu.models.empty()) {
    value.refuse_together({"models", "memoryLabel"}, "memoryLabel stands instead of models, not beside them");
  }
  if (gpu.split && gpu.models.empty()) {
    value.refuse_member("split", "needs models: it is not known how much memory several GPUs have");
  }
}

/// Refuses members of the list `name` that say what an earlier one said: `name_of` what they are about.
template <class T, class NameOf>
void refuse_repeated(const std::optional<Value>& list, const std::vector<T>& all, NameOf name_of) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string_view name = name_of(all[i]);
    if (names.insert(name).second || !list->item(i).is_sound()) continue;
    list->item(i).refuse(fmt::format("there is another {}", quoted(name)));
  }
}

void check_repeated(const Value& value, const Gpu& gpu) {
  if (!gpu.mig_profiles.empty()) {
    refuse_repeated(value.find("mig")->find("profiles"), gpu.mig_profiles,
                    [](const MigProfile& profile) -> std::string_view { return profile.name; });
  }
  if (!gpu.claim_templates.empty()) {
    refuse_repeated(value.find("dra")->find("claimTemplates"), gpu.claim_templates,
                    [](const ClaimTemplate& one) -> std::string_view { return one.name; });
  }
  if (!gpu.companions.empty()) {
    refuse_repeated(value.find("companions"), gpu.companions,
                    [](const Companion& companion) -> std::string_view { return companion.resource; });
  }
}

void check_models(const Value& value, const Gpu& gpu) {
  const std::optional<Value> models = value.find("models");
  if (!models) return;
  std::set<std::string> names;
  for (std::size_t i = 0; i < gpu.models.size(); ++i) {
    const GpuModel& model = gpu.models[i];
    const Value item = models->item(i);
    if (!item.is_sound()) continue;
    // Letter case does not matter in an estimate.
    std::string name = model.name;
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (!names.insert(std::move(name)).second) {
      item.refuse_member("name", fmt::format("there is another model {}", quoted(model.name)));
    }
    if (i > 0 && models->item(i - 1).is_sound() && model.memory < gpu.models[i - 1].memory) {
      item.refuse_member("memory",
                         fmt::format("{} is less than the {} of the model before it: the smallest comes first",
                                     to_text(model.memory), to_text(gpu.models[i - 1].memory)));
    }
  }
}

}  // namespace

std::optional<Bytes> usable_memory(std::string_view profile) {
  if (profile.ends_with("+me")) profile.remove_suffix(3);
  const std::size_t dot = profile.find("g.");
  if (dot == std::string_view::npos || !profile.ends_with("gb")) return std::nullopt;
  const std::string_view digits = profile.substr(dot + 2, profile.size() - dot - 4);
  std::int64_t gigabytes = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), gigabytes);
  if (error != std::errc() || end != digits.data() + digits.size() || gigabytes < 1 || gigabytes > 4096) {
    return std::nullopt;
  }
  return Bytes((gigabytes << 30U) / 8 * 7);
}

bool Gpu::offers(std::string_view name) const {
  return name == resource || std::any_of(models.begin(), models.end(), [&](const GpuModel& model) {
           return model.resource == name && !name.empty();
         });
}

std::string_view to_text(Dialect dialect) {
  return kDialects[static_cast<std::size_t>(dialect)];
}

template <>
const Schema<GpuModel>& schema<GpuModel>() {
  static const Schema<GpuModel> kSchema{
      {
          required(field("name", &GpuModel::name, written_as(kGpuModel))),
          required(field("memory", &GpuModel::memory)),
          field("nodeLabels", &GpuModel::node_labels,
                [](const Value& value, auto& out) { read_labels(value, out, kNodeLabelValue); }),
          field("resource", &GpuModel::resource, written_as(kExtendedResource)),
      },
      [](const Value& value, const GpuModel& model) {
        if (model.memory == Bytes()) value.refuse_member("memory", "must be more than 0");
        const auto labels = value.find("nodeLabels");
        if (labels && model.node_labels.empty()) value.refuse_member("nodeLabels", "must name at least one label");
        if (!labels && model.resource.empty()) value.refuse("missing field \"nodeLabels\"");
        for (const auto& [key, names] : model.node_labels) {
          if (std::ranges::none_of(names, [](const std::string& name) { return name.ends_with("-SHARED"); })) continue;
          value.refuse_member("nodeLabels",
                              "names a shared product (-SHARED): who shares a GPU does not have its memory");
        }
      },
  };
  return kSchema;
}

template <>
const Schema<DialectRule>& schema<DialectRule>() {
  static const Schema<DialectRule> kSchema{{
      field("when", &DialectRule::when),
      required(field("dialect", &DialectRule::dialect, read_dialect)),
  }};
  return kSchema;
}

template <>
const Schema<MigProfile>& schema<MigProfile>() {
  static const Schema<MigProfile> kSchema{
      {
          required(field("name", &MigProfile::name, read_profile_name)),
          required(field("memory", &MigProfile::memory)),
      },
      [](const Value& value, const MigProfile& profile) {
        const auto usable = usable_memory(profile.name);
        if (usable && profile.memory.count() / 8 > usable->count() / 7) {
          value.refuse_member("memory",
                              fmt::format("{} is more than the name {} says", to_text(profile.memory), profile.name));
        }
      }};
  return kSchema;
}

template <>
const Schema<ClaimTemplate>& schema<ClaimTemplate>() {
  static const Schema<ClaimTemplate> kSchema{{
      required(field("name", &ClaimTemplate::name, written_as(kClaimTemplate))),
      field("gpus", &ClaimTemplate::gpus, read_count),
      field("memory", &ClaimTemplate::memory,
            [](const Value& value, std::optional<Bytes>& out) { read(value, out.emplace()); }),
  }};
  return kSchema;
}

template <>
const Schema<Companion>& schema<Companion>() {
  static const Schema<Companion> kSchema{{
      required(field("resource", &Companion::resource, written_as(kCompanion))),
      required(field("perGpu", &Companion::per_gpu, read_whole)),
  }};
  return kSchema;
}

template <>
const Schema<KeepOff>& schema<KeepOff>() {
  static const Schema<KeepOff> kSchema{{
      required(field("label", &KeepOff::label, written_as(kLabelKey))),
      field("require", &KeepOff::require),
  }};
  return kSchema;
}

template <>
const Schema<Gpu>& schema<Gpu>() {
  static const Schema<Gpu> kSchema{
      {
          field("dialect", &Gpu::dialect, read_dialect),
          tables("dialects", &Gpu::dialects),
          field("resource", &Gpu::resource, written_as(kExtendedResource)),
          field("maxPerPod", &Gpu::max_per_pod, read_count),
          field("require", &Gpu::require),
          tables("models", &Gpu::models),
          field("memoryLabel", &Gpu::memory_label, written_as(kLabelKey)),
          field("split", &Gpu::split),
          group<Gpu>("mig", {field("profiles", &Gpu::mig_profiles, list_of(read_profile))}),
          group<Gpu>("dra", {tables("claimTemplates", &Gpu::claim_templates)}),
          tables("companions", &Gpu::companions),
          field("cudaLabel", &Gpu::cuda_label, written_as(kLabelKey)),
          table("keepCpuPodsOff", &Gpu::keep_cpu_pods_off),
      },
      [](const Value& value, const Gpu& gpu) {
        check_dialects(value, gpu);
        check_models(value, gpu);
        check_repeated(value, gpu);
      },
  };
  return kSchema;
}

}  // namespace plimsoll::config
