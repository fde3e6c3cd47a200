// Sizes of cpu, memory and storage.
#include <fmt/format.h>

#include "amounts.hpp"
#include "plimsoll/base/text.hpp"
#include "reader.hpp"

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
const Schema<Replacing>& schema<Replacing>() {
  static const Schema<Replacing> kSchema{{
      field("factor", &Replacing::factor, read_enlarging),
      field("confidence", &Replacing::confidence),
  }};
  return kSchema;
}

template <>
const Schema<Resources>& schema<Resources>() {
  static const Schema<Resources> kSchema{
      {
          field(
              "authored", &Resources::authored,
              one_of<Authored>({{"keep", Authored::Keep}, {"raise", Authored::Raise}, {"replace", Authored::Replace}})),
          table("replace", &Resources::replace),
          table("margin", &Resources::margin),
          table("cpu", &Resources::cpu),
          table("memory", &Resources::memory),
          table("ephemeral-storage", &Resources::ephemeral_storage),
      },
      [](const Value& value, const Resources& resources) {
        // Where `authored` says otherwise it may be an override's, and this the base's.
        if (resources.authored == Authored::Replace || value.find("authored")) return;
        value.refuse_member("replace", "is of no use without authored: replace");
      },
  };
  return kSchema;
}

}  // namespace plimsoll::config
