#include "plimsoll/audit/entry.hpp"

#include <optional>

#include "plimsoll/base/text.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/units/duration.hpp"

namespace plimsoll::audit {
namespace {

using json::Kind;
using json::View;

std::string_view to_word(Kind kind) {
  switch (kind) {
    case Kind::Missing:
      return "missing";
    case Kind::Null:
      return "null";
    case Kind::Bool:
      return "a truth value";
    case Kind::Number:
      return "a number";
    case Kind::String:
      return "a text";
    case Kind::Array:
      return "a list";
    case Kind::Object:
      return "an object";
  }
  return "";
}

/// Reads members and remembers the first that is of another type than it should be.
class Reader {
 public:
  std::string text(View object, std::string_view key) {
    const View found = expect(object, key, Kind::String);
    return std::string(found.text().value_or(""));
  }

  bool truth(View object, std::string_view key) { return expect(object, key, Kind::Bool).boolean().value_or(false); }

  std::int64_t integer(View object, std::string_view key) {
    const View found = expect(object, key, Kind::Number);
    if (found && !found.integer()) note(key, "is not a whole number");
    return found.integer().value_or(0);
  }

  View list(View object, std::string_view key) { return expect(object, key, Kind::Array); }
  View object(View object, std::string_view key) { return expect(object, key, Kind::Object); }

  void note(std::string_view key, std::string_view what) {
    if (!error_) error_ = Error{ErrorCode::Invalid, std::string(what), to_display(key)};
  }

  [[nodiscard]] std::optional<Error>& error() { return error_; }

 private:
  /// The member when it is what it should be; missing when it is not there or of another type.
  View expect(View object, std::string_view key, Kind kind) {
    const View found = object[key];
    if (!found || found.kind() == kind) return found;
    note(key, "is " + std::string(to_word(found.kind())) + ", not " + std::string(to_word(kind)));
    return {};
  }

  std::optional<Error> error_;
};

/// A JSON value as a change holds it: nothing for null.
std::string value_text(View value) {
  return !value || value.is_null() ? std::string() : json::write(value);
}

void read_estimate(Reader& reader, View estimate, Entry& entry) {
  entry.estimate_hash = reader.text(estimate, "hash");
  entry.duration = reader.text(reader.object(estimate, "duration"), "value");
  entry.deadline = reader.text(reader.object(estimate, "deadline"), "value");
  entry.family = reader.text(estimate, "family");
  for (const json::Member container : reader.object(estimate, "containers").members()) {
    for (const json::Member amount : container.value.members()) {
      entry.amounts.push_back({.container = std::string(container.key),
                               .resource = std::string(amount.key),
                               .value = reader.text(amount.value, "value"),
                               .origin = reader.text(amount.value, "origin")});
    }
  }
}

}  // namespace

Result<Entry> decode_record(std::string line) {
  PLIMSOLL_TRY(document, json::Document::parse(std::move(line)));
  const View root = document.root();
  if (!root.is_object()) return fail(ErrorCode::Invalid, "is " + std::string(to_word(root.kind())) + ", not an object");
  const std::optional<std::int64_t> format = root["v"].integer();
  if (!format) return fail(ErrorCode::Invalid, "is missing: this is no audit record", "v");
  if (*format != kFormat) {
    return fail(
        ErrorCode::Unsupported,
        std::to_string(*format) + " is a format that this program does not read; it reads " + std::to_string(kFormat),
        "v");
  }

  Reader reader;
  Entry entry;
  for (const std::string_view key : {"time", "uid", "verdict"}) {
    if (!root[key]) reader.note(key, "is missing");
  }
  if (const auto time = root["time"].text()) {
    const Result<TimePoint> parsed = parse_time(*time);
    if (parsed) entry.time = *parsed;
    if (!parsed) reader.note("time", parsed.error().message);
  } else {
    reader.note("time", "is not a text");
  }
  entry.uid = reader.text(root, "uid");
  entry.dry_run = reader.truth(root, "dryRun");
  entry.operation = reader.text(root, "operation");
  entry.kind = reader.text(root, "kind");
  entry.name_space = reader.text(root, "namespace");
  entry.name = reader.text(root, "name");
  entry.generate_name = reader.text(root, "generateName");
  entry.owner = reader.text(root, "owner");
  entry.user = reader.text(root, "user");
  entry.caller = reader.text(root, "caller");
  entry.verdict = reader.text(root, "verdict");
  entry.reason = reader.text(root, "reason");
  entry.message = reader.text(root, "message");
  read_estimate(reader, reader.object(root, "estimate"), entry);
  for (const View change : reader.list(root, "changes").elements()) {
    entry.changes.push_back({.rule = reader.text(change, "rule"),
                             .path = reader.text(change, "path"),
                             .from = value_text(change["from"]),
                             .to = value_text(change["to"]),
                             .reason = reader.text(change, "reason")});
  }
  for (const View problem : reader.list(root, "problems").elements()) {
    entry.problems.push_back({.reason = reader.text(problem, "reason"),
                              .path = reader.text(problem, "path"),
                              .value = reader.text(problem, "value"),
                              .message = reader.text(problem, "message")});
  }
  for (const View warning : reader.list(root, "warnings").elements()) {
    entry.warnings.emplace_back(warning.text().value_or(""));
  }
  entry.patch = value_text(reader.list(root, "patch"));
  entry.policy = reader.text(root, "policy");
  entry.input = reader.text(root, "input");
  entry.latency = std::chrono::microseconds(reader.integer(root, "latencyUs"));
  if (reader.error()) return Unexpected{std::move(*reader.error())};
  return entry;
}

}  // namespace plimsoll::audit
