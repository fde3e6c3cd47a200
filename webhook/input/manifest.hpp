// Kubernetes objects in files: streams of YAML or JSON documents, and Lists of objects inside them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/result.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/json/pointer.hpp"
#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::webhook {

/// One object of a document.
struct Object {
  json::Pointer at;  ///< in its document: "", or `/items/3` in a List
  /// Compact, with the apiVersion and kind that an item of a typed List (JobList) may leave to its List.
  std::string json;
  std::string api_version;
  std::string kind;
  std::string name;        ///< or generateName; empty when it has neither
  std::string name_space;  ///< empty when it names none
};

/// One document of a stream.
struct Manifest {
  std::string source;  ///< the file, for messages
  std::string text;    ///< as it stands in the file, with the comments and `---` before it
  std::size_t line;    ///< at which the text begins. Units: from 1
  yaml::Node node;     ///< knows lines and columns
  json::Document document;
  bool is_list = false;
  std::vector<Object> objects;
};

/// Reads all documents of `text`; empty ones are left out.
///
/// Errors: ErrorCode::Invalid, `where` is `line:column`: malformed YAML, a document or List item that is no object, or
/// that has no apiVersion or kind.
[[nodiscard]] Result<std::vector<Manifest>> read_manifests(const std::string& source, std::string_view text);

/// Where the value called `field_path` (from the object on) is written; its nearest ancestor's place when it is not.
[[nodiscard]] yaml::Mark find_mark(const Manifest& manifest, const Object& object, std::string_view field_path);

/// An annotation value that is no string, as written in the file.
struct BareAnnotation {
  std::string field_path;  ///< from the object on
  std::string text;        ///< empty for a list or map
};

/// The annotations of a Pod, Job or CronJob, and of the templates inside, whose values are no strings: the API server
/// refuses to read such an object at all. null is not among them: it is read as an empty string.
[[nodiscard]] std::vector<BareAnnotation> find_bare_annotations(const Manifest& manifest, const Object& object);

}  // namespace plimsoll::webhook
