#include "plimsoll/estimate/estimate.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <iterator>
#include <tuple>

#include "plimsoll/base/text.hpp"
#include "plimsoll/digest/digest.hpp"
#include "plimsoll/json/document.hpp"

namespace plimsoll::estimate {
namespace {

using workload::Container;
using workload::Workload;

constexpr std::string_view kDefaultContainerAnnotation = "kubectl.kubernetes.io/default-container";
// Longer than any field path with an annotation's whole name in it.
constexpr std::size_t kPathLimit = 400;
constexpr Bytes kLeastBytes{1LL << 20};  // anything below 1Mi is a forgotten unit
constexpr Quantity kAbsurdCpu = Quantity::from_units(100'000, Quantity::Format::DecimalSI);

// What may be said of a container, as `cpu` of the estimated one or `cpu.<container>` of a named one.
constexpr std::array<std::string_view, 5> kContainerKeys = {"cpu", "memory", "ephemeral-storage", "gpu", "gpu-memory"};
constexpr std::array<std::string_view, 16> kKeys = {
    "cuda",          "extended",          "duration",   "total-duration", "deadline",  "confidence",
    "interruptible", "container",         "containers", "family",         "gpu-model", "cpu",
    "memory",        "ephemeral-storage", "gpu",        "gpu-memory"};

// What can be divided among containers; the others are asked for by one.
constexpr std::array<std::string_view, 3> kDivisibleKeys = {"cpu", "memory", "ephemeral-storage"};
constexpr std::array<std::string_view, 3> kWholeKeys = {"gpu", "gpu-memory", "extended"};

bool is_divisible(std::string_view key) {
  return std::ranges::find(kDivisibleKeys, key) != kDivisibleKeys.end();
}

bool is_container_key(std::string_view key) {
  return std::ranges::find(kContainerKeys, key) != kContainerKeys.end();
}

// One annotation under the prefix, or one member of the `containers` annotation.
struct Entry {
  std::string where;
  std::string value;
};

struct Annotation {
  std::string_view key;  // without the prefix
  Entry entry;
  bool is_text = true;
  bool is_carried = true;  // stands where the Pods have it too
};

// What is said of one container by its name.
struct Named {
  std::string container;
  std::string key;
  Entry entry;

  bool operator<(const Named& other) const { return std::tie(container, key) < std::tie(other.container, other.key); }
};

class Reader {
 public:
  Reader(const Workload& workload, const config::Policy& policy, const config::Settings& settings, TimePoint now)
      : workload_(workload), policy_(policy), settings_(settings), now_(now) {}

  Reading read() &&;

 private:
  void collect(const workload::Metadata& metadata);
  void sort_annotations();
  void hash_annotations();
  std::string hash_of(bool Annotation::*wanted) const;
  void sort_keys();
  void read_containers_json(const Entry& entry, std::vector<Named>& named);
  void say_unknown_key(std::string_view key, const Entry& entry);
  void say_unknown(const Entry& entry, const std::optional<std::string>& meant);
  void read_job_keys();
  void read_duration();
  void read_total_duration(const Entry& entry);
  std::optional<Duration> to_run_time(const Entry& entry);
  void weigh_deadline();
  bool is_made_again() const;
  void read_deadline(const Entry& entry);
  void read_interruptible(const Entry& entry);
  void read_gpu_models(const Entry& entry);
  void read_cuda(const Entry& entry);
  void read_extended(const Entry& entry);
  std::optional<Quantity> to_extended(const Entry& entry, std::string_view resource, std::string_view text);
  void choose_container();
  void read_container(std::size_t index);
  void read_pod();
  template <class Find>
  ContainerEstimate read_sizes(Find find);
  void read_absent_containers();
  void declare(std::size_t index);
  void require_gpus();
  void limit_gpus();

  std::optional<MilliCpu> to_cpu(const Entry& entry);
  std::optional<Bytes> to_size(const Entry& entry, std::optional<Bytes> max);
  std::optional<GpuCount> to_gpus(const Entry& entry);
  std::optional<Quantity> to_quantity(const Entry& entry);

  void problem(Problem::Reason reason, const Entry& entry, std::string message) {
    if (out_.problems.size() == kMaxProblems) return;
    // The parsers name the value too; once is enough.
    const std::string named = quoted(entry.value) + " ";
    if (message.starts_with(named)) message.erase(0, named.size());
    out_.problems.push_back({reason, entry.where, to_display(entry.value), std::move(message)});
  }
  void warn(std::string message) {
    if (out_.warnings.size() < kMaxProblems) out_.warnings.push_back(std::move(message));
  }
  /// The unqualified estimate `key`; null when there is none.
  const Entry* find(std::string_view key) const {
    const auto found = std::ranges::lower_bound(annotations_, key, {}, &Annotation::key);
    return found != annotations_.end() && found->key == key ? &found->entry : nullptr;
  }
  std::string annotation_path(std::string_view key) const {
    return json::to_field_path(workload_.annotated.back().at / "annotations" / (policy_.prefix + std::string(key)));
  }

  const Workload& workload_;
  const config::Policy& policy_;
  const config::Settings& settings_;
  TimePoint now_;
  Reading out_;
  // Sorted by key, so that problems and the hash do not depend on the order in which annotations were written.
  std::vector<Annotation> annotations_;
  std::vector<Named> named_;  // sorted; of equal ones the first counts
  bool has_unqualified_ = false;
  bool is_about_pod_ = false;  // container: "*"
};

void Reader::collect(const workload::Metadata& metadata) {
  const std::string path = json::to_field_path(metadata.at / "annotations");
  // A Job's Pods are known by who makes them.
  const bool stays_behind = workload_.kind == workload::Kind::Other && metadata.at == json::Pointer("/metadata");
  for (const json::Member& member : metadata.view["annotations"].members()) {
    if (!member.key.starts_with(policy_.prefix)) continue;
    out_.has_annotations = true;
    const std::string_view key = member.key.substr(policy_.prefix.size());
    // No annotation's name is longer than what is displayed, so no honest path is cut.
    Annotation& annotation =
        annotations_.emplace_back(Annotation{.key = key, .entry = {}, .is_carried = !stays_behind});
    std::string& where = annotation.entry.where;
    where.reserve(path.size() + member.key.size() + 2);
    json::append_field(where += path, policy_.prefix + to_display(key));
    if (const auto text = member.value.text()) {
      annotation.entry.value = *text;
    } else if (member.value.is_null()) {
      // Go reads null as an empty string, and so does the API server.
    } else {
      // The API server refuses this itself; a file on a laptop does not.
      annotation.is_text = false;
      annotation.entry.value = json::write(member.value);
      problem(Problem::Reason::NotText, annotation.entry,
              fmt::format("is not a string: quote it: \"{}\"", to_display(annotation.entry.value)));
    }
  }
}

// Of those with one key the last counts: what the pod template says comes after what its object says.
void Reader::sort_annotations() {
  // As the API server sends them, they are.
  if (!std::ranges::is_sorted(annotations_, {}, &Annotation::key)) {
    std::ranges::stable_sort(annotations_, {}, &Annotation::key);
  }
  const auto same_key = [](const Annotation& a, const Annotation& b) { return a.key == b.key; };
  annotations_.erase(annotations_.begin(), std::unique(annotations_.rbegin(), annotations_.rend(), same_key).base());
  std::erase_if(annotations_, [](const Annotation& annotation) { return !annotation.is_text; });
}

std::string Reader::hash_of(bool Annotation::*wanted) const {
  std::string canonical;
  for (const Annotation& annotation : annotations_) {
    if (!(annotation.*wanted)) continue;
    const std::string& value = annotation.entry.value;
    // Lengths keep a value that holds a line break from passing for two annotations.
    canonical.append(annotation.key).append("=").append(std::to_string(value.size())).append(":");
    canonical.append(value).append("\n");
  }
  return digest::short_hash(canonical);
}

void Reader::hash_annotations() {
  out_.estimate.hash = hash_of(&Annotation::is_text);
  if (std::ranges::all_of(annotations_, &Annotation::is_carried)) return;
  out_.estimate.carried = hash_of(&Annotation::is_carried);
}

void Reader::say_unknown_key(std::string_view key, const Entry& entry) {
  const std::size_t dot = std::min(key.find('.'), key.size());
  const auto meant = dot == key.size() ? nearest(key, kKeys) : nearest(key.substr(0, dot), kContainerKeys);
  if (!meant) return say_unknown(entry, std::nullopt);
  say_unknown(entry, policy_.prefix + std::string(*meant) + std::string(key.substr(dot)));
}

// A newer version's keys must not block an older server: only what looks like a known key is refused.
void Reader::say_unknown(const Entry& entry, const std::optional<std::string>& meant) {
  if (!meant) {
    warn(entry.where + ": unknown estimate, ignored");
  } else if (settings_.estimates.on_unknown_key == config::OnInvalid::Reject) {
    problem(Problem::Reason::UnknownKey, entry,
            fmt::format("is no known estimate: did you mean {}?", quoted(*meant, kPathLimit)));
  } else {
    warn(fmt::format("{}: unknown estimate, ignored: did you mean {}?", entry.where, quoted(*meant, kPathLimit)));
  }
}

void Reader::sort_keys() {
  std::vector<Named> in_json;  // an annotation of the container's own comes first
  for (const auto& [key, entry, is_text, is_carried] : annotations_) {
    const std::size_t dot = key.find('.');
    if (dot != std::string::npos && is_container_key(key.substr(0, dot))) {
      named_.push_back({std::string(key.substr(dot + 1)), std::string(key.substr(0, dot)), entry});
    } else if (key == "containers") {
      read_containers_json(entry, in_json);
    } else if (std::ranges::find(kKeys, key) != kKeys.end()) {
      has_unqualified_ = has_unqualified_ || is_container_key(key) || key == "extended";
    } else {
      say_unknown_key(key, entry);
    }
  }
  std::ranges::move(in_json, std::back_inserter(named_));
  std::ranges::stable_sort(named_, std::less<>());
}

void Reader::read_containers_json(const Entry& entry, std::vector<Named>& named) {
  const Result<json::Document> document = json::Document::parse(entry.value);
  if (!document || !document->root().is_object()) {
    problem(Problem::Reason::Malformed, entry, R"(must be JSON such as {"main": {"memory": "4Gi"}})");
    return;
  }
  for (const json::Member& container : document->root().members()) {
    if (!container.value.is_object()) {
      problem(Problem::Reason::Malformed, entry,
              fmt::format(R"({}: must be an object such as {{"memory": "4Gi"}})", quoted(container.key)));
      continue;
    }
    for (const json::Member& member : container.value.members()) {
      Entry one{fmt::format("{}[{}][{}]", entry.where, to_display(container.key), to_display(member.key)), {}};
      one.value = member.value.text() ? std::string(*member.value.text()) : json::write(member.value);
      if (!is_container_key(member.key)) {
        const auto meant = nearest(member.key, kContainerKeys);
        say_unknown(one, meant ? std::optional<std::string>(*meant) : std::nullopt);
      } else if (!member.value.text() && !member.value.integer()) {
        problem(Problem::Reason::NotText, one, "must be a string such as \"4Gi\"");
      } else {
        named.push_back({std::string(container.key), std::string(member.key), std::move(one)});
      }
    }
  }
}

std::optional<Quantity> Reader::to_quantity(const Entry& entry) {
  const Result<Quantity> quantity = parse_quantity(entry.value);
  if (!quantity) {
    problem(Problem::Reason::Malformed, entry, quantity.error().message);
    return std::nullopt;
  }
  return *quantity;
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<MilliCpu> Reader::to_cpu(const Entry& entry) {
  const auto quantity = to_quantity(entry);
  if (!quantity) return std::nullopt;
  if (quantity->format() == Quantity::Format::BinarySI) {
    problem(Problem::Reason::OutOfRange, entry, "is a size, not a number of cores: use \"2\" or \"500m\"");
    return std::nullopt;
  }
  if (quantity->nanos() < 1'000'000) {
    problem(Problem::Reason::OutOfRange, entry, "must be at least \"1m\" (a thousandth of a core)");
    return std::nullopt;
  }
  if (entry.value.find_first_not_of("+0123456789.") == std::string::npos &&
      *quantity >= Quantity::from_units(1000, Quantity::Format::DecimalSI)) {
    problem(Problem::Reason::OutOfRange, entry,
            fmt::format("is {} whole cores: did you mean {}?", to_display(entry.value), quoted(entry.value + "m")));
    return std::nullopt;
  }
  if (*quantity >= kAbsurdCpu) {
    // 500M is half a billion cores; the suffix for thousandths is a small letter.
    std::string meant = entry.value;
    if (meant.ends_with('M')) meant.back() = 'm';
    problem(Problem::Reason::OutOfRange, entry,
            meant == entry.value ? "is more cores than any machine has"
                                 : fmt::format("is more cores than any machine has: did you mean {}?", quoted(meant)));
    return std::nullopt;
  }
  const Result<MilliCpu> cpu = to_milli_cpu(*quantity);
  return cpu ? std::optional(*cpu) : std::nullopt;
}

std::optional<Bytes> Reader::to_size(const Entry& entry, std::optional<Bytes> max) {
  const auto quantity = to_quantity(entry);
  if (!quantity) return std::nullopt;
  if (quantity->nanos() <= 0) {
    problem(Problem::Reason::OutOfRange, entry, "must be more than zero, such as \"4Gi\"");
    return std::nullopt;
  }
  if (entry.value.ends_with('m')) {
    problem(Problem::Reason::OutOfRange, entry,
            fmt::format("is in thousandths of a byte: did you mean {}?",
                        quoted(entry.value.substr(0, entry.value.size() - 1) + "Mi")));
    return std::nullopt;
  }
  const Result<Bytes> bytes = to_bytes(*quantity);
  if (!bytes) {
    problem(Problem::Reason::OutOfRange, entry, bytes.error().message);
    return std::nullopt;
  }
  if (*bytes < kLeastBytes) {
    if (is_digits(entry.value)) {
      // 8 was meant as gibibytes, 512 and 16384 as mebibytes.
      const char* unit = bytes->count() <= 256 ? "Gi" : "Mi";
      problem(Problem::Reason::OutOfRange, entry,
              fmt::format("is {} bytes: did you mean {}?", to_display(entry.value), quoted(entry.value + unit)));
    } else {
      problem(Problem::Reason::OutOfRange, entry, "is less than the smallest estimate, \"1Mi\"");
    }
    return std::nullopt;
  }
  if (max && *bytes > *max) {
    problem(Problem::Reason::AboveMaximum, entry,
            fmt::format("is above the most that the policy allows here, {}", quoted(to_text(*max))));
    return std::nullopt;
  }
  return *bytes;
}

std::optional<GpuCount> Reader::to_gpus(const Entry& entry) {
  const auto quantity = to_quantity(entry);
  if (!quantity) return std::nullopt;
  const Result<GpuCount> gpus = to_gpu_count(*quantity);
  if (!gpus) {
    problem(Problem::Reason::OutOfRange, entry,
            quantity->nanos() < 0 ? "must not be negative"
                                  : fmt::format("must be a whole number of GPUs; say how much memory is needed with {}",
                                                quoted(policy_.prefix + "gpu-memory")));
    return std::nullopt;
  }
  if (*gpus > settings_.gpu.max_per_pod) {
    problem(Problem::Reason::AboveMaximum, entry,
            fmt::format("is above the most GPUs that the policy allows a pod, {}", to_text(settings_.gpu.max_per_pod)));
    return std::nullopt;
  }
  return *gpus;
}

// Whether further pods come from this template for as long as it is there.
bool Reader::is_made_again() const {
  if (workload_.kind == workload::Kind::CronJob) return true;
  if (!workload_.controller) return false;
  const config::KindRule* above = policy_.find_kind(workload_.controller->group(), workload_.controller->kind);
  return above == nullptr || above->level != config::Level::Object;
}

void Reader::read_deadline(const Entry& entry) {
  Estimate& estimate = out_.estimate;
  const bool same = workload_.marker && workload_.marker->estimate == estimate.hash;
  if (same) {
    // The first decision fixed both: a replica an hour later must come to the same slack.
    const Result<TimePoint> at = parse_time(workload_.marker->at);
    const Result<TimePoint> deadline = parse_time(workload_.marker->deadline);
    if (at && deadline) {
      estimate.submitted = *at;
      estimate.deadline = {*deadline, {Origin::Source::Annotation, entry.where}};
      return;
    }
  }
  if (entry.value.starts_with('+')) {
    const Result<Duration> after = parse_run_time(std::string_view(entry.value).substr(1));
    if (!after || *after <= Duration{}) {
      problem(Problem::Reason::Malformed, entry, "must be an RFC 3339 time or \"+\" and a duration, such as \"+6h\"");
      return;
    }
    estimate.deadline = {estimate.submitted + std::chrono::ceil<std::chrono::milliseconds>(after->nanoseconds()),
                         {Origin::Source::Annotation, entry.where}};
    return;
  }
  const Result<TimePoint> time = parse_time(entry.value);
  if (!time) {
    problem(Problem::Reason::Malformed, entry,
            fmt::format("{}; a deadline is RFC 3339 or \"+\" and a duration, such as \"+6h\"", time.error().message));
    return;
  }
  if (is_made_again()) {
    problem(Problem::Reason::Conflict, entry,
            "is one instant, but this template is used again and again: use a relative deadline, such as \"+6h\"");
    return;
  }
  if (*time <= now_) {
    problem(Problem::Reason::OutOfRange, entry, fmt::format("has passed (it is {})", plimsoll::to_text(now_)));
    return;
  }
  estimate.deadline = {*time, {Origin::Source::Annotation, entry.where}};
}

bool same_letters(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// An interval says how often a pod saves its work; one that does loses no more than that.
void Reader::read_interruptible(const Entry& entry) {
  const Result<Duration> interval = parse_run_time(entry.value);
  const bool saves = interval && *interval > Duration{};
  if (entry.value != "true" && entry.value != "false" && !saves) {
    problem(Problem::Reason::Malformed, entry,
            "must be \"true\", \"false\", or how often the work is saved, such as \"10m\"");
    return;
  }
  out_.estimate.interruptible = {entry.value != "false", {Origin::Source::Annotation, entry.where}};
}

void Reader::read_gpu_models(const Entry& entry) {
  if (settings_.gpu.models.empty()) {
    warn(entry.where + ": ignored: the policy lists no GPU models");
    return;
  }
  std::string_view rest = entry.value;
  std::string known;
  for (const config::GpuModel& model : settings_.gpu.models) known += (known.empty() ? "" : ", ") + model.name;
  while (true) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    std::string_view name = rest.substr(0, comma);
    while (!name.empty() && name.front() == ' ') name.remove_prefix(1);
    while (!name.empty() && name.back() == ' ') name.remove_suffix(1);
    const auto model = std::ranges::find_if(settings_.gpu.models,
                                            [&](const config::GpuModel& m) { return same_letters(m.name, name); });
    if (model != settings_.gpu.models.end()) {
      out_.estimate.gpu_models.push_back(model->name);
    } else {
      problem(Problem::Reason::OutOfRange, entry,
              fmt::format("{} is no GPU model of the policy, which lists: {}", quoted(name), known));
    }
    if (comma == rest.size() || out_.problems.size() == kMaxProblems) break;
    rest.remove_prefix(comma + 1);
  }
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

void Reader::read_cuda(const Entry& entry) {
  std::string_view text = trimmed(entry.value);
  if (text.starts_with(">=")) text = trimmed(text.substr(2));
  const std::size_t dot = std::min(text.find('.'), text.size());
  const std::string_view major = text.substr(0, dot);
  const std::string_view minor = dot == text.size() ? "0" : text.substr(dot + 1);
  constexpr std::size_t kDigits = 2;  // there is no CUDA 100
  if (!is_digits(major) || !is_digits(minor) || major.size() > kDigits || minor.size() > kDigits || major == "0") {
    return problem(Problem::Reason::Malformed, entry, "must be the oldest version that will do, such as \">=12.4\"");
  }
  if (settings_.gpu.cuda_label.empty()) {
    return warn(entry.where + ": ignored: the policy names no label that says it (gpu.cudaLabel)");
  }
  const auto number = [](std::string_view digits) {
    std::int64_t value = 0;
    for (const char c : digits) value = value * 10 + (c - '0');
    return value;
  };
  out_.estimate.cuda = {{number(major), number(minor)}, {Origin::Source::Annotation, entry.where}};
}

// As Kubernetes names them: a domain that is not its own, then at most 63 letters, digits and '-_.'.
bool is_extended_name(std::string_view name) {
  const std::size_t slash = name.find('/');
  if (slash == std::string_view::npos || slash == 0 || name.find("kubernetes.io/") != std::string_view::npos)
    return false;
  const std::string_view rest = name.substr(slash + 1);
  const auto is_plain = [](unsigned char c) { return std::isalnum(c) != 0; };
  const auto is_inner = [&](unsigned char c) { return is_plain(c) || c == '-' || c == '_' || c == '.'; };
  return !rest.empty() && rest.size() <= 63 - std::string_view("requests.").size() && slash <= 200 &&
         is_plain(static_cast<unsigned char>(rest.front())) && is_plain(static_cast<unsigned char>(rest.back())) &&
         is_plain(static_cast<unsigned char>(name.front())) && std::ranges::all_of(rest, is_inner) &&
         std::ranges::all_of(name.substr(0, slash), [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

std::optional<Quantity> Reader::to_extended(const Entry& entry, std::string_view resource, std::string_view text) {
  const auto refuse = [&](std::string message) -> std::optional<Quantity> {
    problem(Problem::Reason::OutOfRange, entry, fmt::format("at {}: {}", quoted(resource), message));
    return std::nullopt;
  };
  constexpr std::string_view kHugePages = "hugepages-";
  const auto page = resource.starts_with(kHugePages) ? parse_quantity(resource.substr(kHugePages.size()))
                                                     : Result<Quantity>(Quantity());
  const bool is_pages = page && page->nanos() > 0 && page->is_whole();
  if (workload::is_gpu_resource(resource) || settings_.gpu.offers(resource)) {
    return refuse(fmt::format("is a GPU: say {}", quoted(policy_.prefix + "gpu")));
  }
  if (resource == "cpu" || resource == "memory" || resource == "ephemeral-storage") {
    return refuse(fmt::format("has a key of its own: {}", quoted(policy_.prefix + std::string(resource))));
  }
  if (!is_pages && !is_extended_name(resource)) {
    return refuse("is no extended resource such as \"rdma/hca\", and no huge pages such as \"hugepages-2Mi\"");
  }
  const Result<Quantity> quantity = parse_quantity(text);
  if (!quantity) return refuse(quantity.error().message);
  if (quantity->nanos() <= 0 || !quantity->is_whole()) return refuse("must be a whole number, more than zero");
  if (is_pages && quantity->nanos() % page->nanos() != 0) {
    return refuse(fmt::format("{} are no whole pages", quoted(text)));
  }
  return *quantity;
}

void Reader::read_extended(const Entry& entry) {
  std::vector<Extended>& all = out_.estimate.extended;
  std::string_view rest = entry.value;
  while (out_.problems.size() < kMaxProblems) {
    const std::size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view item = rest.substr(0, comma);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) {
      problem(Problem::Reason::Malformed, entry, "must be a list such as \"rdma/hca=1,hugepages-2Mi=4Gi\"");
    } else {
      const std::string_view resource = trimmed(item.substr(0, equals));
      const auto quantity = to_extended(entry, resource, trimmed(item.substr(equals + 1)));
      if (std::ranges::find(all, resource, &Extended::resource) != all.end()) {
        problem(Problem::Reason::Conflict, entry, fmt::format("names {} twice", quoted(resource)));
      } else if (quantity) {
        all.push_back({std::string(resource), *quantity});
      }
    }
    if (comma == rest.size() || all.size() == workload::kMaxAmounts / 4) break;
    rest.remove_prefix(comma + 1);
  }
}

// Saturates: a deadline in the year 9999 is further away than nanoseconds can count.
Duration slack_between(TimePoint submitted, TimePoint deadline, Int128 run_time_nanos) {
  constexpr Int128 kNanosPerMilli = 1'000'000;
  const Int128 slack = (deadline - submitted).count() * kNanosPerMilli - run_time_nanos;
  constexpr Int128 kMost = std::chrono::nanoseconds::max().count();
  return Duration(std::chrono::nanoseconds(static_cast<std::int64_t>(std::clamp(slack, -kMost, kMost))));
}

std::optional<Duration> Reader::to_run_time(const Entry& entry) {
  const Result<Duration> duration = parse_run_time(entry.value);
  if (!duration) {
    problem(Problem::Reason::Malformed, entry, duration.error().message);
  } else if (*duration <= Duration{}) {
    problem(Problem::Reason::OutOfRange, entry, "must be more than zero, such as \"90m\"");
  } else {
    return *duration;
  }
  return std::nullopt;
}

void Reader::read_duration() {
  const Entry* total = find("total-duration");
  const Entry* entry = find("duration");
  if (entry == nullptr && total != nullptr) return read_total_duration(*total);
  if (entry == nullptr) return;
  if (total != nullptr) {
    problem(Problem::Reason::Conflict, *total,
            fmt::format("says the run time a second time, beside {}: keep one of them",
                        quoted(policy_.prefix + "duration")));
  }
  if (const auto duration = to_run_time(*entry)) {
    out_.estimate.duration = {*duration, {Origin::Source::Annotation, entry->where}};
  }
}

void Reader::read_total_duration(const Entry& entry) {
  const auto total = to_run_time(entry);
  if (!total) return;
  if (!workload_.job_spec) {
    problem(Problem::Reason::Conflict, entry,
            fmt::format("is of a whole Job, and this is a Pod: say {}", quoted(policy_.prefix + "duration")));
    return;
  }
  // Whole seconds are plain enough, and rounding up never cuts a pod short.
  const std::int64_t seconds = (total->seconds_rounded_up() - 1) / workload_.rounds() + 1;
  out_.estimate.duration = {Duration(std::chrono::seconds(seconds)), {Origin::Source::Annotation, entry.where}};
}

void Reader::weigh_deadline() {
  Estimate& estimate = out_.estimate;
  if (!estimate.deadline || !estimate.duration) return;
  const std::int64_t rounds = workload_.rounds();
  estimate.slack = slack_between(estimate.submitted, estimate.deadline->value,
                                 Int128{estimate.duration->value.nanoseconds().count()} * rounds);
  if (*estimate.slack >= Duration{}) return;
  const std::string run_time = rounds == 1 ? to_text(estimate.duration->value)
                                           : fmt::format("{} x {}", rounds, to_text(estimate.duration->value));
  if (settings_.estimates.on_impossible_deadline == config::OnInvalid::Warn) {
    return warn(fmt::format("deadline {} leaves less than the estimated duration {}",
                            plimsoll::to_text(estimate.deadline->value), run_time));
  }
  problem(Problem::Reason::Conflict, *find("deadline"),
          fmt::format("leaves less than the estimated duration {}: it is {} too early", run_time,
                      to_text(Duration(-estimate.slack->nanoseconds()))));
}

void Reader::read_job_keys() {
  Estimate& estimate = out_.estimate;
  read_duration();
  if (const Entry* entry = find("deadline")) read_deadline(*entry);
  if (const Entry* entry = find("confidence")) {
    const std::string& value = entry->value;
    if (value == "low") {
      estimate.confidence = config::Confidence::Low;
    } else if (value == "medium") {
      estimate.confidence = config::Confidence::Medium;
    } else if (value == "high") {
      estimate.confidence = config::Confidence::High;
    } else {
      problem(Problem::Reason::Malformed, *entry, "must be \"low\", \"medium\" or \"high\"");
    }
  }
  if (const Entry* entry = find("interruptible")) read_interruptible(*entry);
  if (const Entry* entry = find("gpu-model")) read_gpu_models(*entry);
  if (const Entry* entry = find("cuda")) read_cuda(*entry);
  if (const Entry* entry = find("extended")) read_extended(*entry);

  if (const Entry* entry = find("family"); entry != nullptr && !entry->value.empty()) {
    estimate.family = entry->value;
  } else if (workload_.controller) {
    estimate.family = workload_.controller->name;
  } else if (!workload_.name.empty()) {
    estimate.family = workload_.name;
  } else {
    estimate.family = workload_.generate_name;
    while (estimate.family.ends_with('-')) estimate.family.pop_back();
  }
  weigh_deadline();
}

void Reader::choose_container() {
  const auto index_of = [&](const Container* c) { return static_cast<std::size_t>(c - workload_.containers.data()); };
  const Entry* entry = find("container");
  is_about_pod_ = entry != nullptr && entry->value == workload::kWholePod;
  if (is_about_pod_) {
    has_unqualified_ = std::ranges::any_of(kWholeKeys, [&](std::string_view key) { return find(key) != nullptr; });
  } else if (entry != nullptr) {
    if (const Container* found = workload_.find_container(entry->value)) {
      out_.estimate.container = index_of(found);
      return;
    }
    std::vector<std::string_view> names;
    std::string list;
    for (const Container& c : workload_.containers) {
      names.push_back(c.name);
      list += (list.empty() ? "" : ", ") + to_display(c.name);
    }
    const auto meant = nearest(entry->value, names);
    problem(Problem::Reason::UnknownContainer, *entry,
            meant ? fmt::format("is no container here: did you mean {}?", quoted(*meant))
                  : fmt::format("is no container here; there are: {}", list));
    return;
  }
  if (!has_unqualified_) return;
  if (workload_.marker && workload_.marker->estimate == out_.estimate.hash) {
    // A sidecar injected since then must not make a settled question ambiguous.
    if (const Container* found = workload_.find_container(workload_.marker->container)) {
      out_.estimate.container = index_of(found);
      return;
    }
  }
  if (const auto name = workload_.pod_annotation(kDefaultContainerAnnotation)) {
    if (const Container* found = workload_.find_container(*name)) {
      out_.estimate.container = index_of(found);
      return;
    }
  }
  std::vector<const Container*> apps;
  std::vector<const Container*> candidates;
  for (const Container& c : workload_.containers) {
    if (c.role != Container::Role::App) continue;
    apps.push_back(&c);
    if (std::ranges::find(settings_.estimates.sidecars, c.name) == settings_.estimates.sidecars.end()) {
      candidates.push_back(&c);
    }
  }
  if (candidates.empty()) candidates = apps;
  if (candidates.size() > 1) {
    std::vector<const Container*> with_gpu;
    std::ranges::copy_if(candidates, std::back_inserter(with_gpu), [&](const Container* c) {
      return std::ranges::any_of(c->amounts, [&](const workload::Amount& a) {
        return a.authored && (workload::is_gpu_resource(a.resource) || settings_.gpu.offers(a.resource));
      });
    });
    if (with_gpu.size() == 1) candidates = with_gpu;
  }
  if (candidates.size() == 1) {
    out_.estimate.container = index_of(candidates.front());
    return;
  }
  std::string list;
  for (const Container* c : candidates) list += (list.empty() ? "" : ", ") + to_display(c->name);
  if (candidates.empty()) {
    return problem(Problem::Reason::Ambiguous, {annotation_path("container"), ""}, "there is no container to estimate");
  }
  if (is_about_pod_) {
    return problem(
        Problem::Reason::Ambiguous, {annotation_path("gpu.<container>"), ""},
        fmt::format("is needed: GPUs and other devices are never split, and any of these could have them: {}", list));
  }
  problem(Problem::Reason::Ambiguous, {annotation_path("container"), ""},
          fmt::format("is needed: the estimate could be about any of: {} (or \"*\": all of them together)", list));
}

void Reader::read_container(std::size_t index) {
  const std::string_view name = workload_.containers[index].name;
  const auto first = std::ranges::lower_bound(named_, name, {}, &Named::container);
  const auto last = std::ranges::upper_bound(named_, name, {}, &Named::container);
  out_.estimate.containers[index] = read_sizes([&](std::string_view key) -> const Entry* {
    const auto entry = std::ranges::find(first, last, key, &Named::key);
    if (entry != last) return &entry->entry;
    const bool is_its = out_.estimate.container == index && !(is_about_pod_ && is_divisible(key));
    return is_its ? find(key) : nullptr;
  });
}

void Reader::read_pod() {
  if (!is_about_pod_) return;
  out_.estimate.pod = read_sizes([&](std::string_view key) { return is_divisible(key) ? find(key) : nullptr; });
}

// Sizes that found no container are read all the same, for their problems: all are told at once.
void Reader::read_absent_containers() {
  if (!out_.estimate.container) {
    static_cast<void>(
        read_sizes([&](std::string_view key) { return is_about_pod_ && is_divisible(key) ? nullptr : find(key); }));
  }
  std::vector<std::string_view> names;
  for (const Container& c : workload_.containers) names.push_back(c.name);
  std::size_t absent = 0;
  for (auto first = named_.begin(), last = first; first != named_.end(); first = last) {
    const std::string& name = first->container;
    last = std::ranges::upper_bound(first, named_.end(), name, {}, &Named::container);
    const Entry& entry = first->entry;
    if (workload_.find_container(name) != nullptr) continue;
    if (++absent > kMaxProblems) break;
    static_cast<void>(read_sizes([&](std::string_view key) -> const Entry* {
      const auto one = std::ranges::find(first, last, key, &Named::key);
      return one != last ? &one->entry : nullptr;
    }));
    if (const auto meant = nearest(name, names)) {
      problem(Problem::Reason::UnknownContainer, entry,
              fmt::format("names a container that is not here: did you mean {}?", quoted(*meant)));
    } else {
      // It may be injected later; then it is sized when the pod comes by again.
      warn(fmt::format("{}: no container {} here", entry.where, quoted(name)));
    }
  }
}

template <class Find>
ContainerEstimate Reader::read_sizes(Find find) {
  ContainerEstimate estimate;
  const auto origin = [](const Entry* entry) { return Origin{Origin::Source::Annotation, entry->where}; };
  if (const Entry* entry = find("cpu")) {
    if (const auto cpu = to_cpu(*entry)) estimate.cpu = {*cpu, origin(entry)};
  }
  if (const Entry* entry = find("memory")) {
    if (const auto size = to_size(*entry, settings_.resources.memory.max)) estimate.memory = {*size, origin(entry)};
  }
  if (const Entry* entry = find("ephemeral-storage")) {
    if (const auto size = to_size(*entry, settings_.resources.ephemeral_storage.max)) {
      estimate.ephemeral_storage = {*size, origin(entry)};
    }
  }
  if (const Entry* entry = find("gpu")) {
    if (const auto gpus = to_gpus(*entry)) estimate.gpu = {*gpus, origin(entry)};
  }
  if (const Entry* entry = find("gpu-memory")) {
    if (const auto size = to_size(*entry, std::nullopt)) estimate.gpu_memory = {*size, origin(entry)};
  }
  return estimate;
}

void Reader::declare(std::size_t index) {
  const Container& container = workload_.containers[index];
  ContainerEstimate& estimate = out_.estimate.containers[index];
  const auto origin = [&](std::string_view resource) {
    const bool is_request = container.authored(workload::Side::Request, resource).has_value();
    std::string path = json::to_field_path(container.path);
    json::append_field(path, "resources");
    json::append_field(path, is_request ? "requests" : "limits");
    json::append_field(path, resource);
    return Origin{Origin::Source::Declared, std::move(path)};
  };
  if (const auto cpu = container.authored_request_or_limit("cpu"); cpu && !estimate.cpu) {
    if (const auto amount = to_milli_cpu(*cpu)) estimate.cpu = {*amount, origin("cpu")};
  }
  if (const auto memory = container.authored_request_or_limit("memory"); memory && !estimate.memory) {
    if (const auto amount = to_bytes(*memory)) estimate.memory = {*amount, origin("memory")};
  }
  if (estimate.gpu) return;
  for (const workload::Amount& amount : container.amounts) {
    if (!amount.authored || !(workload::counts_gpus(amount.resource) || settings_.gpu.offers(amount.resource)))
      continue;
    if (const auto gpus = to_gpu_count(*amount.authored)) estimate.gpu = {*gpus, origin(amount.resource)};
  }
}

void Reader::require_gpus() {
  const auto has_gpus = [](const ContainerEstimate& e) { return e.gpu && e.gpu->value > GpuCount(0); };
  for (ContainerEstimate& estimate : out_.estimate.containers) {
    if (!estimate.gpu_memory || has_gpus(estimate)) continue;
    problem(Problem::Reason::Conflict, {estimate.gpu_memory->origin.where, to_text(estimate.gpu_memory->value)},
            fmt::format("says how much memory each GPU needs, but not how many GPUs: add {}",
                        quoted(policy_.prefix + "gpu")));
    estimate.gpu_memory.reset();
  }
}

// Containers that run side by side share the pod's maximum; an init container has its GPUs to itself.
void Reader::limit_gpus() {
  GpuCount total;
  std::optional<Sized<GpuCount>>* last = nullptr;
  for (std::size_t i = 0; i < workload_.containers.size(); ++i) {
    auto& gpu = out_.estimate.containers[i].gpu;
    if (!gpu || workload_.containers[i].role == Container::Role::Init) continue;
    total += gpu->value;
    if (gpu->origin.source == Origin::Source::Annotation) last = &gpu;
  }
  if (last == nullptr || total <= settings_.gpu.max_per_pod) return;
  problem(Problem::Reason::AboveMaximum, {(*last)->origin.where, to_text((*last)->value)},
          fmt::format("makes {} GPUs in all, above the most that the policy allows a pod, {}", to_text(total),
                      to_text(settings_.gpu.max_per_pod)));
  last->reset();
}

Reading Reader::read() && {
  for (const workload::Metadata& metadata : workload_.annotated) collect(metadata);
  // The marker shows it to people: whole seconds are plain enough.
  out_.estimate.submitted = std::chrono::floor<std::chrono::seconds>(now_);
  out_.estimate.containers.resize(workload_.containers.size());
  if (!out_.has_annotations) {
    for (std::size_t i = 0; i < workload_.containers.size(); ++i) declare(i);
    return std::move(out_);
  }
  sort_annotations();
  hash_annotations();
  sort_keys();
  read_job_keys();
  choose_container();
  read_pod();
  for (std::size_t i = 0; i < workload_.containers.size(); ++i) {
    read_container(i);
    declare(i);
  }
  require_gpus();
  limit_gpus();
  read_absent_containers();
  return std::move(out_);
}

}  // namespace

std::string_view to_text(Problem::Reason reason) {
  switch (reason) {
    case Problem::Reason::Malformed:
      return "Malformed";
    case Problem::Reason::OutOfRange:
      return "OutOfRange";
    case Problem::Reason::UnknownKey:
      return "UnknownKey";
    case Problem::Reason::UnknownContainer:
      return "UnknownContainer";
    case Problem::Reason::Ambiguous:
      return "Ambiguous";
    case Problem::Reason::Conflict:
      return "Conflict";
    case Problem::Reason::NotText:
      return "NotText";
    case Problem::Reason::AboveMaximum:
      return "AboveMaximum";
  }
  return "";
}

std::string to_text(const CudaVersion& version) {
  return fmt::format("{}.{}", version.major, version.minor);
}

std::string to_text(const Problem& problem) {
  return problem.value.empty() ? fmt::format("{}: {}", problem.where, problem.message)
                               : fmt::format("{}: \"{}\" {}", problem.where, problem.value, problem.message);
}

Reading read_estimate(const Workload& workload, const config::Policy& policy, const config::Settings& settings,
                      TimePoint now) {
  return Reader(workload, policy, settings, now).read();
}

}  // namespace plimsoll::estimate
