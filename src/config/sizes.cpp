// Sizes: resources and GPUs.
#include <fmt/format.h>

#include <set>

#include "amounts.hpp"
#include "plimsoll/base/text.hpp"
#include "reader.hpp"
#include "syntax.hpp"

namespace plimsoll::config {
namespace {

void read_limit(const Value& value, std::optional<Ratio>& out) {
  const auto text = scalar_text(value, fmt::format("{}, or none", kWhat<Ratio>));
  if (!text) return;
  out.reset();
  if (*text == "none") return;
  if (const auto limit = parse_amount<Ratio>(*text); limit.has_value()) {
    out = *limit;
  } else {
    value.refuse(limit.error().message + ", or none");
  }
}

template <class T>
void check_sizing(const Value& value, const Sizing<T>& sizing) {
  if (sizing.limit && *sizing.limit < sizing.request) {
    value.refuse_together({"request", "limit"}, fmt::format("limit {} is less than request {}", to_text(*sizing.limit),
                                                            to_text(sizing.request)));
  }
  if (sizing.max == T{}) {
    value.refuse_member("max", "must be more than 0");
  } else if (sizing.min > sizing.max) {
    value.refuse_together({"min", "max"},
                          fmt::format("min {} is more than max {}", to_text(sizing.min), to_text(sizing.max)));
  }
}

template <class T>
Schema<Sizing<T>> make_sizing_schema() {
  return {
      {
          field("request", &Sizing<T>::request),
          field("limit", &Sizing<T>::limit, read_limit),
          field("min", &Sizing<T>::min),
          field("max", &Sizing<T>::max),
          field("round", &Sizing<T>::round),
      },
      check_sizing<T>,
  };
}

void check_models(const Value& value, const Gpu& gpu) {
  const std::optional<Value> models = value.find("models");
  if (!models) return;
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < gpu.models.size(); ++i) {
    const GpuModel& model = gpu.models[i];
    const Value item = models->item(i);
    if (!item.is_sound()) continue;
    if (!names.insert(model.name).second) {
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

template <>
const Schema<Margins>& schema<Margins>() {
  static const Schema<Margins> kSchema{{
      field("high", &Margins::high, read_enlarging),
      field("medium", &Margins::medium, read_enlarging),
      field("low", &Margins::low, read_enlarging),
  }};
  return kSchema;
}

template <>
const Schema<Sizing<MilliCpu>>& schema<Sizing<MilliCpu>>() {
  static const Schema<Sizing<MilliCpu>> kSchema = make_sizing_schema<MilliCpu>();
  return kSchema;
}

template <>
const Schema<Sizing<Bytes>>& schema<Sizing<Bytes>>() {
  static const Schema<Sizing<Bytes>> kSchema = make_sizing_schema<Bytes>();
  return kSchema;
}

template <>
const Schema<Resources>& schema<Resources>() {
  static const Schema<Resources> kSchema{{
      field("authored", &Resources::authored, one_of<Authored>({{"keep", Authored::Keep}, {"raise", Authored::Raise}})),
      table("margin", &Resources::margin),
      table("cpu", &Resources::cpu),
      table("memory", &Resources::memory),
      table("ephemeral-storage", &Resources::ephemeral_storage),
  }};
  return kSchema;
}

template <>
const Schema<GpuModel>& schema<GpuModel>() {
  static const Schema<GpuModel> kSchema{
      {
          required(field("name", &GpuModel::name, written_as(kGpuModel))),
          required(field("memory", &GpuModel::memory)),
          required(field("nodeLabels", &GpuModel::node_labels,
                         [](const Value& value, auto& out) { read_labels(value, out, kNodeLabelValue); })),
      },
      [](const Value& value, const GpuModel& model) {
        if (model.memory == Bytes()) value.refuse_member("memory", "must be more than 0");
        if (model.node_labels.empty()) value.refuse_member("nodeLabels", "must name at least one label");
      },
  };
  return kSchema;
}

template <>
const Schema<Gpu>& schema<Gpu>() {
  static const Schema<Gpu> kSchema{
      {
          constant<Gpu>("dialect", "device-plugin"),
          field("resource", &Gpu::resource, written_as(kExtendedResource)),
          field("maxPerPod", &Gpu::max_per_pod,
                [](const Value& value, GpuCount& out) {
                  std::int64_t count = out.count();
                  read_integer(value, count, 1, 1024);
                  out = GpuCount(count);
                }),
          field("require", &Gpu::require),
          tables("models", &Gpu::models),
      },
      check_models,
  };
  return kSchema;
}

}  // namespace plimsoll::config
