#include "webhook/golden.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <memory>
#include <numeric>
#include <set>

#include "plimsoll/base/text.hpp"
#include "plimsoll/decide/decide.hpp"
#include "plimsoll/json/writer.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "webhook/diff.hpp"
#include "webhook/explain.hpp"
#include "webhook/files.hpp"
#include "webhook/golden_context.hpp"
#include "webhook/manifest.hpp"
#include "webhook/request.hpp"

namespace plimsoll::webhook {
namespace {

namespace fs = std::filesystem;
using admission::Version;
using decide::Verdict;
using json::View;

/// One way through: bytes in, bytes out.
struct Passage {
  decide::Decision decision;
  std::string after;   ///< the object, compact
  std::string answer;  ///< the response body
};

/// Sends `object` through the codec and decides it.
Result<Passage> pass(View object, const GoldenContext& context, Version version = Version::V1) {
  PLIMSOLL_TRY(review, admission::decode_review(encode_review(object, context.request, version)));
  Passage passage;
  passage.decision = decide::decide(review, {std::make_shared<const config::Policy>(context.policy)}, context.now);
  passage.answer = admission::encode_answer(decide::make_answer(review, passage.decision));
  PLIMSOLL_TRY(tree, patch::apply(object, passage.decision.patch));
  passage.after = json::write(tree.root());
  return passage;
}

// ---- what is expected -------------------------------------------------------------------------------------------

void write_list(json::Writer& writer, std::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  writer.key(key).begin_array();
  for (const std::string& text : texts) writer.value(text);
  writer.end_array();
}

std::string write_verdict(const decide::Decision& decision) {
  json::Writer writer;
  writer.begin_object().member("verdict", decide::to_text(decision.verdict));
  if (!decision.reason.empty()) writer.member("reason", decision.reason);
  if (!decision.changes.empty()) {
    writer.key("reasons").begin_array();
    for (const decide::AppliedChange& change : decision.changes) {
      writer.begin_object();
      if (!change.rule.empty()) writer.member("rule", change.rule);
      writer.member("text", describe(change) + ": " + change.reason).end_object();
    }
    writer.end_array();
  }
  std::vector<std::string> problems;
  for (const estimate::Problem& problem : decision.problems) problems.push_back(estimate::to_text(problem));
  // A refusal for want of an estimate has no problem to show for it.
  if (decision.verdict == Verdict::Rejected && problems.empty()) writer.member("message", decision.message);
  write_list(writer, "warnings", decision.warnings);
  write_list(writer, "problems", problems);
  writer.end_object();
  return std::move(writer).take();
}

/// expected.yaml as it ought to be: the documents, compact.
std::vector<std::string> make_documents(const Passage& passage) {
  std::string verdict = write_verdict(passage.decision);
  if (passage.decision.verdict == Verdict::Rejected) return {std::move(verdict)};
  return {passage.after, std::move(verdict)};
}

Result<std::string> to_yaml(const std::vector<std::string>& documents) {
  std::string text;
  for (const std::string& document : documents) {
    PLIMSOLL_TRY(parsed, json::Document::parse(document));
    text += (text.empty() ? "" : "---\n") + yaml::write(parsed.root());
  }
  return text;
}

/// Whether two compact documents say the same, however they were laid out.
bool same_value(const std::string& a, const std::string& b) {
  const Result<json::Document> left = json::Document::parse(a);
  const Result<json::Document> right = json::Document::parse(b);
  return left && right && left->root() == right->root();
}

// ---- what must hold for every object ------------------------------------------------------------------------------

/// RFC 4648; nothing for what is no base64.
std::optional<std::string> decode_base64(std::string_view text) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  if (text.size() % 4 != 0) return std::nullopt;
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : text) {
    const std::size_t sextet = kAlphabet.find(c);
    if (sextet == std::string_view::npos) return std::nullopt;
    buffer = buffer << 6U | static_cast<std::uint32_t>(sextet);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes += static_cast<char>(buffer >> static_cast<unsigned>(bits) & 0xFFU);
  }
  return bytes;
}

/// What is wrong with the answer; empty: nothing.
std::string find_fault_in_answer(const Passage& passage, Version version) {
  const Result<json::Document> body = json::Document::parse(passage.answer);
  if (!body) return "the answer is no JSON: " + body.error().message;
  const View root = body->root();
  const View response = root["response"];
  const std::string_view api_version = version == Version::V1 ? "admission.k8s.io/v1" : "admission.k8s.io/v1beta1";
  if (root["apiVersion"].text() != api_version) return "the answer has another apiVersion than the review";
  if (response["uid"].text() != kReviewUid) return "the answer does not carry the review's uid";
  if (response["allowed"].boolean() != (passage.decision.verdict != Verdict::Rejected)) {
    return "the answer does not say what was decided";
  }
  const auto encoded = response["patch"].text();
  if (encoded.has_value() != !passage.decision.patch.empty()) return "the answer's patch is not the decision's";
  if (!encoded) return response["patchType"] ? "the answer has a patchType without a patch" : "";
  if (response["patchType"].text() != "JSONPatch") return "the answer has a patch without its patchType";
  const auto decoded = decode_base64(*encoded);
  if (!decoded) return "the answer's patch is no base64";
  const Result<patch::Patch> patch = patch::parse_patch(*decoded);
  if (!patch) return "the answer's patch cannot be read: " + patch.error().message;
  return *patch == passage.decision.patch ? "" : "the answer's patch is not the decision's";
}

/// Sprinkles a field that nobody knows over every object that is no map with keys of its author's choice.
class Sprinkler {
 public:
  static constexpr std::string_view kField = "plimsollUnknown";

  std::string sprinkle(View value) {
    write(value, Place::Struct);
    return std::move(writer_).take();
  }
  [[nodiscard]] std::int64_t count() const { return count_; }

 private:
  enum class Place { Struct, Map };

  static Place place_of(std::string_view key) {
    constexpr std::array<std::string_view, 10> kMaps = {"annotations", "labels",  "matchLabels", "nodeSelector",
                                                        "requests",    "limits",  "overhead",    "data",
                                                        "stringData",  "fieldsV1"};
    return std::ranges::find(kMaps, key) == kMaps.end() ? Place::Struct : Place::Map;
  }

  void write(View value, Place place) {
    if (value.is_array()) {
      writer_.begin_array();
      for (const View element : value.elements()) write(element, Place::Struct);
      writer_.end_array();
    } else if (value.is_object() && place == Place::Struct) {
      writer_.begin_object();
      for (const json::Member& member : value.members()) {
        writer_.key(member.key);
        write(member.value, place_of(member.key));
      }
      writer_.key(kField).begin_object().member("keep", count_++).end_object();
      writer_.end_object();
    } else {
      writer_.value(value);
    }
  }

  json::Writer writer_;
  std::int64_t count_ = 0;
};

void collect_sprinkled(View value, std::multiset<std::int64_t>& found) {
  for (const View element : value.elements()) collect_sprinkled(element, found);
  for (const json::Member& member : value.members()) {
    if (member.key == Sprinkler::kField) found.insert(member.value["keep"].integer().value_or(-1));
    collect_sprinkled(member.value, found);
  }
}

class Checks {
 public:
  Checks(View object, const GoldenContext& context, const Passage& first)
      : object_(object), context_(context), first_(first) {}

  /// The first thing that does not hold; empty: all holds.
  [[nodiscard]] std::string find_fault() const {
    if (first_.decision.verdict == Verdict::Failed) return "Plimsoll failed its own check: " + first_.decision.message;
    for (const auto check : {&Checks::is_the_same_twice, &Checks::holds_in_both_versions, &Checks::is_settled,
                             &Checks::keeps_unknown_fields}) {
      if (std::string fault = (this->*check)(); !fault.empty()) return fault;
    }
    return {};
  }

 private:
  [[nodiscard]] std::string is_the_same_twice() const {
    const Result<Passage> again = pass(object_, context_);
    if (!again) return again.error().message;
    return again->answer == first_.answer && again->after == first_.after ? "" : "a second run gives other bytes";
  }

  [[nodiscard]] std::string holds_in_both_versions() const {
    for (const Version version : {Version::V1, Version::V1Beta1}) {
      const std::string_view name = version == Version::V1 ? "v1" : "v1beta1";
      const Result<Passage> other = pass(object_, context_, version);
      if (!other) return fmt::format("{}: {}", name, other.error().message);
      if (make_documents(*other) != make_documents(first_)) return fmt::format("{} is decided otherwise", name);
      if (std::string fault = find_fault_in_answer(*other, version); !fault.empty()) {
        return fmt::format("{}: {}", name, fault);
      }
    }
    return {};
  }

  [[nodiscard]] std::string is_settled() const {
    const Result<json::Document> after = json::Document::parse(first_.after);
    if (!after) return after.error().message;
    GoldenContext later = context_;
    later.now += std::chrono::hours(1);
    GoldenContext elsewhere = context_;
    // What was decided stays, whatever another replica's policy says; what was not may be decided by it.
    if (first_.decision.verdict == Verdict::Mutated) elsewhere.policy = config::default_policy();
    elsewhere.policy.revision = "another";
    const std::array<std::pair<std::string_view, const GoldenContext*>, 3> worlds = {
        {{"at once", &context_}, {"an hour later", &later}, {"under another policy", &elsewhere}}};
    for (const auto& [when, context] : worlds) {
      const Result<Passage> again = pass(after->root(), *context);
      if (!again) return fmt::format("deciding again {}: {}", when, again.error().message);
      if (again->decision.verdict == Verdict::Failed) {
        return fmt::format("deciding again {} fails: {}", when, again->decision.message);
      }
      if (!again->decision.patch.empty()) {
        return fmt::format("deciding again {} changes it again: {}", when, patch::write_patch(again->decision.patch));
      }
    }
    return {};
  }

  [[nodiscard]] std::string keeps_unknown_fields() const {
    Sprinkler sprinkler;
    const Result<json::Document> sprinkled = json::Document::parse(sprinkler.sprinkle(object_));
    if (!sprinkled) return sprinkled.error().message;
    const Result<Passage> passage = pass(sprinkled->root(), context_);
    if (!passage) return "with unknown fields: " + passage.error().message;
    const bool was_rejected = first_.decision.verdict == Verdict::Rejected;
    if (passage->decision.verdict == Verdict::Failed) return "with unknown fields: " + passage->decision.message;
    if ((passage->decision.verdict == Verdict::Rejected) != was_rejected) {
      return fmt::format("with unknown fields it is {}", decide::to_text(passage->decision.verdict));
    }
    const Result<json::Document> after = json::Document::parse(passage->after);
    if (!after) return after.error().message;
    std::multiset<std::int64_t> found;
    collect_sprinkled(after->root(), found);
    std::multiset<std::int64_t> wanted;
    for (std::int64_t i = 0; i < sprinkler.count(); ++i) wanted.insert(i);
    return found == wanted ? "" : "unknown fields do not survive";
  }

  View object_;
  const GoldenContext& context_;
  const Passage& first_;
};

// ---- cases as files ---------------------------------------------------------------------------------------------

Result<Manifest> load_input(const fs::path& path) {
  PLIMSOLL_TRY(text, load_file(path.string()));
  Result<std::vector<Manifest>> manifests = read_manifests("input.yaml", text);
  if (!manifests) {
    return fail(manifests.error().code, fmt::format("{}: {}", manifests.error().where, manifests.error().message));
  }
  if (manifests->size() != 1 || manifests->front().is_list) {
    return fail(ErrorCode::Invalid, "must hold exactly one object");
  }
  return std::move(manifests->front());
}

/// `object` created under generateName, as compact JSON.
Result<std::string> rename(View object, const std::string& generate_name) {
  json::Tree tree(object);
  PLIMSOLL_TRY(name, json::Document::parse(json::to_json_string(generate_name)));
  if (object["metadata"]["name"]) PLIMSOLL_CHECK(tree.remove(json::Pointer("/metadata/name")));
  PLIMSOLL_CHECK(tree.add(json::Pointer("/metadata/generateName"), name.root()));
  return json::write(tree.root());
}

class Case {
 public:
  Case(const fs::path& directory, const GoldenOptions& options) : directory_(directory), options_(options) {}

  /// Fills in all but the name.
  CaseResult run() const {
    CaseResult result;
    if (const Result<void> done = run_into(result); !done) {
      result.failure = (done.error().where.empty() ? "" : done.error().where + ": ") + done.error().message;
    }
    return result;
  }

 private:
  Result<void> run_into(CaseResult& result) const {
    PLIMSOLL_TRY(context, load_context(directory_));
    Result<Manifest> input = load_input(directory_ / "input.yaml");
    if (!input) return fail(input.error().code, input.error().message, "input.yaml");
    std::string object = input->objects.front().json;
    PLIMSOLL_TRY(as_written, json::Document::parse(object));
    if (!context.generate_name.empty()) {
      PLIMSOLL_TRY(renamed, rename(as_written.root(), context.generate_name));
      object = std::move(renamed);
    }
    PLIMSOLL_TRY(document, json::Document::parse(object));
    PLIMSOLL_TRY(first, pass(document.root(), context));
    result.failure = Checks(document.root(), context, first).find_fault();
    // What is broken is never written down as what is expected.
    if (result.failure.empty()) return compare(first, result);
    return {};
  }

  Result<void> compare(const Passage& passage, CaseResult& result) const {
    const fs::path path = directory_ / "expected.yaml";
    const std::vector<std::string> documents = make_documents(passage);
    PLIMSOLL_TRY(actual, to_yaml(documents));
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
      if (options_.mode == GoldenOptions::Mode::Update) return update(path, actual, result);
      result.failure = "there is no expected.yaml; UPDATE_GOLDEN=1 writes it";
      return {};
    }
    PLIMSOLL_TRY(text, load_file(path.string()));
    Result<std::vector<yaml::Node>> nodes = yaml::parse(text);
    std::vector<std::string> expected;
    if (nodes) std::ranges::transform(*nodes, std::back_inserter(expected), yaml::to_json);
    if (std::ranges::equal(expected, documents, same_value)) return {};
    if (options_.mode == GoldenOptions::Mode::Update) return update(path, actual, result);
    if (!nodes) {
      result.failure = fmt::format("expected.yaml:{}: {}", nodes.error().where, nodes.error().message);
      return {};
    }
    PLIMSOLL_TRY(wanted, to_yaml(expected));
    result.failure = "is not what expected.yaml says";
    result.diff = unified_diff(wanted, actual, {"expected.yaml", "decided"}, options_.style);
    return {};
  }

  static Result<void> update(const fs::path& path, const std::string& text, CaseResult& result) {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << text;
    if (!file.flush()) return fail(ErrorCode::Io, "cannot be written", path.string());
    result.is_updated = true;
    return {};
  }

  fs::path directory_;
  const GoldenOptions& options_;
};

/// The directories below a root that hold files of cases.
struct Findings {
  std::set<fs::path> cases;
  std::set<fs::path> expectations;
  std::set<fs::path> contexts;
};

Result<Findings> explore(const fs::path& root) {
  Findings findings;
  std::error_code error;
  auto entry = fs::recursive_directory_iterator(root, error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    const fs::path name = entry->path().filename();
    const fs::path directory = entry->path().parent_path();
    if (name == "input.yaml") findings.cases.insert(directory);
    if (name == "expected.yaml") findings.expectations.insert(directory);
    if (name == "context.yaml") findings.contexts.insert(directory);
  }
  if (error) return fail(ErrorCode::Io, "cannot be read: " + error.message(), root.string());
  return findings;
}

bool is_below(const fs::path& inner, const fs::path& outer) {
  return std::mismatch(outer.begin(), outer.end(), inner.begin(), inner.end()).first == outer.end();
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        // XML 1.0 has no way to write the other control characters.
        out += static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t' ? c : '?';
    }
  }
  return out;
}

}  // namespace

Result<std::vector<CaseResult>> run_goldens(const fs::path& root, const GoldenOptions& options) {
  PLIMSOLL_TRY(findings, explore(root));
  if (findings.cases.empty()) return fail(ErrorCode::NotFound, "there is no input.yaml below", root.string());
  const auto name_of = [&](const fs::path& directory) {
    const fs::path relative = directory.lexically_relative(root);
    return relative == "." ? root.filename().generic_string() : relative.generic_string();
  };
  std::vector<CaseResult> results;
  for (const fs::path& directory : findings.cases) {
    CaseResult result = Case(directory, options).run();
    result.name = name_of(directory);
    results.push_back(std::move(result));
  }
  for (const fs::path& directory : findings.expectations) {
    if (findings.cases.contains(directory)) continue;
    results.push_back({name_of(directory), "expected.yaml has no input.yaml beside it", {}, false});
  }
  for (const fs::path& directory : findings.contexts) {
    const bool is_read =
        std::ranges::any_of(findings.cases, [&](const fs::path& one) { return is_below(one, directory); });
    if (!is_read) results.push_back({name_of(directory), "no case reads this context.yaml", {}, false});
  }
  std::ranges::sort(results, {}, &CaseResult::name);
  return results;
}

std::string to_junit(const std::vector<CaseResult>& results) {
  const auto failures = std::ranges::count_if(results, [](const CaseResult& r) { return !r.failure.empty(); });
  std::string xml = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  xml +=
      fmt::format("<testsuites>\n<testsuite name=\"golden\" tests=\"{}\" failures=\"{}\">\n", results.size(), failures);
  for (const CaseResult& result : results) {
    xml += fmt::format("<testcase classname=\"golden\" name=\"{}\"", escape_xml(result.name));
    if (result.failure.empty()) {
      xml += "/>\n";
    } else {
      xml += fmt::format("><failure message=\"{}\">{}</failure></testcase>\n", escape_xml(result.failure),
                         escape_xml(result.diff));
    }
  }
  return xml + "</testsuite>\n</testsuites>\n";
}

}  // namespace plimsoll::webhook
