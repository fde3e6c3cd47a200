#include "webhook/golden/golden.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "plimsoll/json/writer.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "webhook/golden/checks.hpp"
#include "webhook/golden/context.hpp"
#include "webhook/input/files.hpp"
#include "webhook/input/manifest.hpp"
#include "webhook/output/diff.hpp"

namespace plimsoll::webhook {
namespace {

namespace fs = std::filesystem;
using json::View;

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

Result<Manifest> load_input(const fs::path& path) {
  PLIMSOLL_TRY(text, load_file(path.string()));
  const std::string name = path.filename().string();
  Result<std::vector<Manifest>> manifests = read_manifests(name, text);
  if (!manifests) return fail(manifests.error().code, manifests.error().message, name + ":" + manifests.error().where);
  if (manifests->size() != 1 || manifests->front().is_list) {
    return fail(ErrorCode::Invalid, "must hold exactly one object", name);
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
    PLIMSOLL_TRY(input, load_input(directory_ / "input.yaml"));
    std::string object = input.objects.front().json;
    PLIMSOLL_TRY(as_written, json::Document::parse(object));
    if (!context.generate_name.empty()) {
      PLIMSOLL_TRY(renamed, rename(as_written.root(), context.generate_name));
      object = std::move(renamed);
    }
    PLIMSOLL_TRY(document, json::Document::parse(object));
    PLIMSOLL_TRY(first, pass(document.root(), context));
    result.failure = find_fault(document.root(), context, first);
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
  // libstdc++ 12 takes a directory that is not there for an empty one.
  if (!fs::is_directory(root, error)) return fail(ErrorCode::NotFound, "is no directory", root.string());
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

Result<std::vector<CaseResult>> run_goldens(const fs::path& directory, const GoldenOptions& options) {
  std::error_code ignored;
  const fs::path root = fs::weakly_canonical(directory, ignored);
  PLIMSOLL_TRY(findings, explore(root));
  if (findings.cases.empty()) return fail(ErrorCode::NotFound, "no input.yaml is below", root.string());
  const auto name_of = [&](const fs::path& one) {
    const fs::path relative = one.lexically_relative(root);
    return relative == "." ? root.filename().generic_string() : relative.generic_string();
  };
  std::vector<CaseResult> results;
  for (const fs::path& one : findings.cases) {
    CaseResult result = Case(one, options).run();
    result.name = name_of(one);
    results.push_back(std::move(result));
  }
  for (const fs::path& one : findings.expectations) {
    if (findings.cases.contains(one)) continue;
    results.push_back({name_of(one), "expected.yaml has no input.yaml beside it", {}, false});
  }
  for (const fs::path& one : findings.contexts) {
    const bool is_read =
        std::ranges::any_of(findings.cases, [&](const fs::path& reader) { return is_below(reader, one); });
    if (!is_read) results.push_back({name_of(one), "no case reads this context.yaml", {}, false});
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
