// From YAML nodes to values, by tables.
//
// Each field of the policy is declared once, in the Schema of the struct that holds it: its name, where it goes, how it
// is read. Unknown fields, nearest names, missing fields and the list that the documentation is tested against follow
// from that one line. A null value always means "not written": the default stays.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plimsoll/base/text.hpp"
#include "plimsoll/config/policy.hpp"
#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::config {

/// A node, the path it stands at, and the place where its problems are collected.
class Value {
 public:
  /// Requires: `node` and `problems` outlive this and every value made from it.
  Value(const yaml::Node& node, std::string path, Problems& problems)
      : node_(&node), path_(std::move(path)), problems_(&problems) {}

  [[nodiscard]] const yaml::Node& node() const { return *node_; }
  [[nodiscard]] const std::string& path() const { return path_; }
  /// The member called `name`; nothing when there is none or it is null.
  [[nodiscard]] std::optional<Value> find(std::string_view name) const;
  /// At `path.key`, or `path[key]` where the key is no plain word.
  [[nodiscard]] Value member(const yaml::Node::Entry& entry) const;
  [[nodiscard]] Value item(std::size_t index) const;

  void refuse(std::string message) const;
  /// Refuses a member at its key.
  void refuse_key(const yaml::Node::Entry& entry, std::string message) const;
  /// Refuses the member called `name`, unless it is absent or has a problem of its own.
  void refuse_member(std::string_view name, std::string message) const;
  /// Refuses members that contradict each other, at the one that comes last in the text, which is an override's where
  /// one is involved; here when none is there. Silent when one of them has a problem of its own.
  void refuse_together(std::initializer_list<std::string_view> names, std::string message) const;
  /// Whether no problem has been found here or beneath.
  [[nodiscard]] bool is_sound() const;

 private:
  const yaml::Node* node_;
  std::string path_;
  Problems* problems_;
};

template <class T>
struct Field {
  std::string_view name;
  std::function<void(const Value&, T&)> read;
  /// Appends the paths of the fields beneath `path`; null for a leaf.
  std::function<void(const std::string& path, std::vector<std::string>& paths)> list = nullptr;
  bool is_required = false;
};

template <class T>
struct Schema {
  std::vector<Field<T>> fields;
  /// What no field can tell alone; runs after all of them, whether or not they had problems.
  std::function<void(const Value&, const T&)> check = nullptr;
};

/// The table of `T`: specialised beside the rules that need it.
template <class T>
const Schema<T>& schema();

/// A node as a message names it: its text in quotes, `a list`, `off (a boolean to YAML; …)`.
[[nodiscard]] std::string describe(const yaml::Node& node);

/// The text of a scalar that is no boolean; else refuses it as not being `what`.
[[nodiscard]] std::optional<std::string_view> scalar_text(const Value& value, std::string_view what);

/// Refuses what is no map, naming the keys it may have; true when it is one.
[[nodiscard]] bool is_table(const Value& value, std::span<const std::string_view> names);
[[nodiscard]] bool is_list(const Value& value);

/// `; did you mean "x"?`, or nothing.
[[nodiscard]] std::string suggestion(std::string_view word, std::span<const std::string_view> known);

/// What to say of a field that is none of `known`.
[[nodiscard]] std::string unknown_field(std::string_view name, std::span<const std::string_view> known);

/// `a, b or c`; `a, b, c`.
[[nodiscard]] std::string alternatives(std::span<const std::string_view> words);
[[nodiscard]] std::string listed(std::span<const std::string_view> words);

void read(const Value& value, bool& out);
void read(const Value& value, Ratio& out);
void read(const Value& value, MilliCpu& out);
void read(const Value& value, Bytes& out);
void read(const Value& value, Duration& out);
void read(const Value& value, Confidence& out);
void read(const Value& value, Condition& out);

/// A whole number within a range, quoted or not.
void read_integer(const Value& value, std::int64_t& out, std::int64_t low = std::numeric_limits<std::int64_t>::min(),
                  std::int64_t high = std::numeric_limits<std::int64_t>::max());

/// A factor of 1 or more.
void read_enlarging(const Value& value, Ratio& out);

/// One of a few words. The index of the one it is.
[[nodiscard]] std::optional<std::size_t> read_word(const Value& value, std::span<const std::string_view> words);

/// A reader for one of a few words, each standing for a value.
template <class T>
[[nodiscard]] auto one_of(std::initializer_list<std::pair<std::string_view, T>> choices) {
  std::vector<std::string_view> words;
  std::vector<T> values;
  for (const auto& [word, value] : choices) {
    words.push_back(word);
    values.push_back(value);
  }
  return [words, values](const Value& value, T& out) {
    if (const auto index = read_word(value, words)) out = values[*index];
  };
}

/// The same for words that are kept as they are.
[[nodiscard]] inline auto one_of(std::initializer_list<std::string_view> choices) {
  return [words = std::vector<std::string_view>(choices)](const Value& value, std::string& out) {
    if (const auto index = read_word(value, words)) out = words[*index];
  };
}

/// A list, each item read by `read_item`.
template <class Read>
[[nodiscard]] auto list_of(Read read_item) {
  return [read_item]<class T>(const Value& value, std::vector<T>& out) {
    out.clear();
    if (!is_list(value)) return;
    out.resize(value.node().items.size());
    for (std::size_t i = 0; i < out.size(); ++i) read_item(value.item(i), out[i]);
  };
}

/// A list that is not empty, or a single item without the brackets.
template <class Read>
[[nodiscard]] auto one_or_more(Read read_item) {
  return [read_item]<class T>(const Value& value, std::vector<T>& out) {
    if (value.node().is_scalar()) {
      read_item(value, out.emplace_back());
    } else {
      list_of(read_item)(value, out);
      if (out.empty() && value.is_sound()) value.refuse("must name at least one");
    }
  };
}

template <class T>
[[nodiscard]] std::vector<std::string_view> names_of(const std::vector<Field<T>>& fields) {
  std::vector<std::string_view> names;
  names.reserve(fields.size());
  for (const Field<T>& field : fields) names.push_back(field.name);
  return names;
}

/// Reads a map; what is not written keeps the value it has in `out`. True when it is a map.
template <class T>
bool read_fields(const Value& value, const std::vector<Field<T>>& fields, T& out) {
  const std::vector<std::string_view> names = names_of(fields);
  if (!is_table(value, names)) return false;
  for (const yaml::Node::Entry& entry : value.node().entries) {
    const auto field =
        std::find_if(fields.begin(), fields.end(), [&](const Field<T>& known) { return known.name == entry.key.text; });
    if (field == fields.end()) {
      value.refuse_key(entry, unknown_field(entry.key.text, names));
    } else if (entry.value.kind != yaml::Node::Kind::Null) {
      field->read(value.member(entry), out);
    }
  }
  for (const Field<T>& field : fields) {
    if (field.is_required && !value.find(field.name)) {
      value.refuse("missing field " + quoted(field.name));
    }
  }
  return true;
}

/// Reads and checks a map by the schema of `T`.
template <class T>
void read_table(const Value& value, T& out) {
  const Schema<T>& table = schema<T>();
  if (read_fields(value, table.fields, out) && table.check) table.check(value, out);
}

template <class T>
void list_fields(const std::vector<Field<T>>& fields, const std::string& path, std::vector<std::string>& paths) {
  for (const Field<T>& field : fields) {
    const std::string name = path.empty() ? std::string(field.name) : path + '.' + std::string(field.name);
    if (field.list) {
      field.list(name, paths);
    } else {
      paths.push_back(name);
    }
  }
}

template <class T>
void list_table(const std::string& path, std::vector<std::string>& paths) {
  list_fields(schema<T>().fields, path, paths);
}

/// A leaf that goes to `member` by one of the overloads of read().
template <class T, class M>
[[nodiscard]] Field<T> field(std::string_view name, M T::*member) {
  return {name, [member](const Value& value, T& out) { read(value, out.*member); }};
}

/// A leaf that goes to `member` by its own reader.
template <class T, class M, class Read>
[[nodiscard]] Field<T> field(std::string_view name, M T::*member, Read read_member) {
  return {name, [member, read_member](const Value& value, T& out) { read_member(value, out.*member); }};
}

/// A leaf that may only be one of a few words and is not kept.
template <class T>
[[nodiscard]] Field<T> constant(std::string_view name, std::string_view word) {
  return {name, [word](const Value& value, T&) { static_cast<void>(read_word(value, {&word, 1})); }};
}

/// A map with a schema of its own.
template <class T, class M>
[[nodiscard]] Field<T> table(std::string_view name, M T::*member) {
  return {name, [member](const Value& value, T& out) { read_table(value, out.*member); }, list_table<M>};
}

/// A map with a schema of its own, which need not be there.
template <class T, class M>
[[nodiscard]] Field<T> table(std::string_view name, std::optional<M> T::*member) {
  return {name, [member](const Value& value, T& out) { read_table(value, (out.*member).emplace()); }, list_table<M>};
}

/// A list of maps with a schema of their own.
template <class T, class M>
[[nodiscard]] Field<T> tables(std::string_view name, std::vector<M> T::*member) {
  return {name,
          [member](const Value& value, T& out) {
            list_of([](const Value& v, M& m) { read_table(v, m); })(value, out.*member);
          },
          [](const std::string& path, std::vector<std::string>& paths) { list_table<M>(path + "[]", paths); }};
}

/// A map whose fields belong to the struct that holds the map's owner.
template <class T>
[[nodiscard]] Field<T> group(std::string_view name, std::vector<Field<T>> fields) {
  return {name, [fields](const Value& value, T& out) { static_cast<void>(read_fields(value, fields, out)); },
          [fields](const std::string& path, std::vector<std::string>& paths) { list_fields(fields, path, paths); }};
}

template <class T>
[[nodiscard]] Field<T> required(Field<T> field) {
  field.is_required = true;
  return field;
}

/// The fields of a part that has no map of its own: they are written beside the owner's.
template <class T, class M>
[[nodiscard]] std::vector<Field<T>> fields_of(M T::*part) {
  std::vector<Field<T>> fields;
  for (const Field<M>& inner : schema<M>().fields) {
    fields.push_back({inner.name, [part, read = inner.read](const Value& value, T& out) { read(value, out.*part); },
                      inner.list, inner.is_required});
  }
  return fields;
}

template <class T>
[[nodiscard]] std::vector<Field<T>> joined(std::initializer_list<std::vector<Field<T>>> parts) {
  std::vector<Field<T>> fields;
  for (const std::vector<Field<T>>& part : parts) fields.insert(fields.end(), part.begin(), part.end());
  return fields;
}

/// The policy's `kinds`, laid over the built-in ones.
[[nodiscard]] Field<Policy> kinds_field();

// Tables that another file's tables refer to; the rest is private to the file that uses it.
template <>
const Schema<Condition>& schema<Condition>();
template <>
const Schema<Resources>& schema<Resources>();
template <>
const Schema<Gpu>& schema<Gpu>();
template <>
const Schema<TolerationRule>& schema<TolerationRule>();
template <>
const Schema<Priority>& schema<Priority>();
template <>
const Schema<PodDeadline>& schema<PodDeadline>();
template <>
const Schema<SchedulerProfile>& schema<SchedulerProfile>();
template <>
const Schema<JobDeadline>& schema<JobDeadline>();
template <>
const Schema<Queues>& schema<Queues>();
template <>
const Schema<Disruption>& schema<Disruption>();
template <>
const Schema<NodeAffinityRule>& schema<NodeAffinityRule>();
template <>
const Schema<PlacementRule>& schema<PlacementRule>();

}  // namespace plimsoll::config
