// PBS counts per chunk (`-l select`), Torque per node (`-l nodes`), both for the whole job beside that. A Pod stands
// for one chunk or node.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "amounts.hpp"
#include "dialects.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::batch_script {
namespace {

constexpr std::string_view kQueue =
    "who may run where and first is the cluster's: priority bands of the policy, a Kueue queue";
constexpr std::string_view kOutput = "a container writes to its log: kubectl logs";
constexpr std::string_view kMail = "nothing sends mail: watch the Job";
constexpr std::string_view kEnvironment = "say the environment in the container's env";
constexpr std::string_view kFiles = "say the container's workingDir and volumes";
constexpr std::string_view kSite = "is about this PBS complex";
constexpr std::string_view kTool = "is about qsub itself";

constexpr Option kOptions[] = {
    {"", 'A', Takes::Value, kQueue},
    {"", 'C', Takes::Value, kTool},
    {"", 'D', Takes::Value, kFiles},
    {"", 'G', Takes::MaybeValue, kTool},
    {"", 'I', Takes::Nothing, "a Job has no terminal: kubectl exec or kubectl run -it"},
    {"", 'J', Takes::Value},
    {"", 'M', Takes::Value, kMail},
    {"", 'N', Takes::Value},
    {"", 'P', Takes::Value, kQueue},
    {"", 'R', Takes::Value, kOutput},
    {"", 'S', Takes::Value, "the first line of the script names its interpreter"},
    {"", 'T', Takes::Value, kSite},
    {"", 'V', Takes::Nothing, kEnvironment},
    {"", 'W', Takes::Value, "is not known to Kubernetes; what waits for another job is a workflow engine's"},
    {"", 'X', Takes::Nothing, kTool},
    {"", 'a', Takes::Value, "a Job starts when it is created: create it then, or by a CronJob"},
    {"", 'b', Takes::Value, kTool},
    {"", 'c', Takes::Value, "nothing makes checkpoints for a container"},
    {"", 'd', Takes::Value, kFiles},
    {"", 'e', Takes::Value, kOutput},
    {"", 'f', Takes::Nothing, kTool},
    {"", 'h', Takes::Nothing, "create the Job with spec.suspend: true"},
    {"", 'j', Takes::Value, kOutput},
    {"", 'k', Takes::Value, kOutput},
    {"", 'l', Takes::Value},
    {"", 'm', Takes::Value, kMail},
    {"", 'o', Takes::Value, kOutput},
    {"", 'p', Takes::Value, kQueue},
    {"", 'q', Takes::Value, kQueue},
    {"", 'r', Takes::Value},
    {"", 't', Takes::Value},
    {"", 'u', Takes::Value, "say the Pod's securityContext"},
    {"", 'v', Takes::Value, kEnvironment},
    {"", 'w', Takes::Value, kFiles},
    {"", 'x', Takes::Nothing, kTool},
    {"", 'z', Takes::Nothing, kTool},
};

// One `name=value` of a `-l`.
struct Resource {
  std::string value;
  std::string text;  // "walltime=1:00:00"
  Place place;
};

// What one chunk of `select`, or one kind of `nodes`, has.
struct Chunk {
  std::int64_t count = 1;
  std::int64_t cpus = 1;
  std::optional<Bytes> memory = std::nullopt;
  std::int64_t gpus = 0;

  // Whether a Pod of the one is as large as a Pod of the other.
  [[nodiscard]] bool is_like(const Chunk& other) const {
    return cpus == other.cpus && memory == other.memory && gpus == other.gpus;
  }
};

class Pbs {
 public:
  Pbs(const Directives& directives, Script& script, Findings& findings)
      : script_(script), findings_(findings), given_(read_options(directives, kOptions, findings)) {
    read_resources();
  }

  void run() {
    read_name();
    read_time();
    read_chunks();
    read_array();
    read_requeue();
    leave_the_rest();
  }

 private:
  [[nodiscard]] const Given* last(char letter) const {
    const auto found =
        std::find_if(given_.rbegin(), given_.rend(), [&](const Given& g) { return g.option->letter == letter; });
    return found == given_.rend() ? nullptr : &*found;
  }

  // The resource called `name`, which is read by that and so not left over.
  std::optional<Resource> take(std::string_view name) {
    const auto found = resources_.find(name);
    if (found == resources_.end()) return std::nullopt;
    Resource resource = std::move(found->second);
    resources_.erase(found);
    return resource;
  }

  template <class T>
  std::optional<T> value_of(const Resource& resource, Result<T> result) {
    if (result) return std::move(*result);
    findings_.refuse(resource.place, resource.text, result.error().message);
    return std::nullopt;
  }
  std::optional<std::int64_t> count_of(const Resource& resource, std::string_view text) {
    return value_of(resource, parse_count(text));
  }

  void add(std::string_view key, std::string value, std::string origin, Place place) {
    script_.estimates.push_back({std::string(key), std::move(value), to_display(origin), place});
  }

  void read_resources();
  void read_name();
  void read_time();
  void read_chunks();
  void read_array();
  void read_requeue();
  void leave_the_rest();

  std::optional<Chunk> parse_chunk(const Resource& resource, std::string_view text, std::string_view cpus_key);
  std::optional<Chunk> largest_chunk(const Resource& resource, std::string_view cpus_key);
  void add_sizes(const Chunk& chunk, const Resource& resource);

  Script& script_;
  Findings& findings_;
  std::vector<Given> given_;
  std::map<std::string, Resource, std::less<>> resources_;
};

// Of a resource that is asked for several times the last counts.
void Pbs::read_resources() {
  for (const Given& given : given_) {
    if (given.option->letter != 'l') continue;
    for (const std::string_view part : split(given.value, ',')) {
      if (part.empty()) continue;
      const std::size_t equals = part.find('=');
      const std::string_view name = part.substr(0, equals);
      const std::string value(equals == std::string_view::npos ? std::string_view() : part.substr(equals + 1));
      Resource resource{value, to_display(part), given.place};
      const auto earlier = resources_.find(name);
      if (earlier != resources_.end() && earlier->second.value != value) {
        findings_.warn(earlier->second.place, earlier->second.text,
                       fmt::format("is overruled on line {}", given.place.line));
      }
      resources_.insert_or_assign(std::string(name), std::move(resource));
    }
  }
}

void Pbs::read_name() {
  const Given* name = last('N');
  if (name == nullptr) return;
  script_.name = name->value;
  add("family", to_estimate(name->value), name->text, name->place);
}

void Pbs::read_time() {
  const auto walltime = take("walltime");
  if (!walltime) return;
  const auto limit = value_of(*walltime, parse_pbs_time(walltime->value));
  if (limit) add("duration", to_text(*limit), walltime->text, walltime->place);
}

// "2:ncpus=8:mem=32gb" or, of `nodes`, "2:ppn=8:gpus=1"; the number may be missing, and of `nodes` may be a name.
std::optional<Chunk> Pbs::parse_chunk(const Resource& resource, std::string_view text, std::string_view cpus_key) {
  Chunk chunk;
  const std::vector<std::string_view> words = split(text, ':');
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string_view word = words[i];
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const std::string_view value = equals == std::string_view::npos ? std::string_view() : word.substr(equals + 1);
    std::optional<std::int64_t> count;
    if (i == 0 && equals == std::string_view::npos && parse_count(word)) {
      chunk.count = *parse_count(word);
      if (chunk.count > 0) continue;
      findings_.refuse(resource.place, resource.text, "must be at least 1");
      return std::nullopt;
    }
    if (name == cpus_key) {
      if (!(count = count_of(resource, value))) return std::nullopt;
      chunk.cpus = *count;
    } else if (name == "ngpus" || name == "gpus") {
      // Torque's "gpus=2:exclusive_process" has a mode behind it, which is left below.
      if (!(count = count_of(resource, value))) return std::nullopt;
      chunk.gpus = *count;
    } else if (name == "mem") {
      const auto size = value_of(resource, parse_pbs_size(value));
      if (!size) return std::nullopt;
      chunk.memory = *size;
    } else {
      findings_.leave(resource.place, word,
                      "nodes are chosen by their labels, and a Pod knows no MPI ranks or threads");
    }
  }
  return chunk;
}

// All Pods of a Job are alike: the largest size of each kind, and the sum of their numbers.
std::optional<Chunk> Pbs::largest_chunk(const Resource& resource, std::string_view cpus_key) {
  std::optional<Chunk> out;
  bool is_unequal = false;
  for (const std::string_view part : split(resource.value, '+')) {
    const auto chunk = parse_chunk(resource, part, cpus_key);
    if (!chunk) return std::nullopt;
    if (!out) {
      out = chunk;
      continue;
    }
    is_unequal = is_unequal || !out->is_like(*chunk);
    out->count = std::min(out->count + chunk->count, kMostCompletions + 1);
    out->cpus = std::max(out->cpus, chunk->cpus);
    out->memory = std::max(out->memory, chunk->memory);
    out->gpus = std::max(out->gpus, chunk->gpus);
  }
  if (is_unequal) {
    findings_.warn(resource.place, resource.text,
                   "has unequal parts, but the Pods of a Job are alike: the largest is taken");
  }
  return out;
}

void Pbs::add_sizes(const Chunk& chunk, const Resource& resource) {
  if (chunk.cpus > 0) add("cpu", to_text(times(MilliCpu(1000), chunk.cpus)), resource.text, resource.place);
  if (chunk.memory > Bytes{}) add("memory", to_estimate(*chunk.memory), resource.text, resource.place);
  if (chunk.gpus > 0) add("gpu", to_text(GpuCount(chunk.gpus)), resource.text, resource.place);
}

void Pbs::read_chunks() {
  std::optional<Chunk> chunk;
  if (const auto select = take("select")) {
    chunk = largest_chunk(*select, "ncpus");
    script_.pod_is = PodIs::Chunk;
    if (chunk) add_sizes(*chunk, *select);
  } else if (const auto nodes = take("nodes")) {
    chunk = largest_chunk(*nodes, "ppn");
    script_.pod_is = PodIs::Node;
    if (chunk) add_sizes(*chunk, *nodes);
  }
  const bool has_chunks = chunk.has_value();
  const std::int64_t pods = chunk ? chunk->count : 1;
  const auto by_pods = [&](const std::string& text) {
    return pods == 1 ? text
                     : fmt::format("{} / {} {}", text, pods, script_.pod_is == PodIs::Chunk ? "chunks" : "nodes");
  };
  if (pods == 1) {
    script_.pod_is = PodIs::Script;
  } else if (pods > kMostCompletions) {
    findings_.refuse({1, 1}, {},
                     fmt::format("the script asks for more Pods than a Job can have, {}", kMostCompletions));
  } else {
    script_.completions = script_.parallelism = pods;
  }
  // What is said beside that is about the whole job.
  if (!has_chunks) {
    for (const std::string_view name : {"ncpus", "procs"}) {
      const auto cpus = take(name);
      const auto count = cpus ? count_of(*cpus, cpus->value) : std::nullopt;
      if (count && *count > 0) {
        chunk = Chunk{.cpus = *count};
        add("cpu", to_text(times(MilliCpu(1000), *count)), cpus->text, cpus->place);
        break;
      }
    }
    for (const std::string_view name : {"ngpus", "gpus"}) {
      const auto gpus = take(name);
      const auto count = gpus ? count_of(*gpus, gpus->value) : std::nullopt;
      if (count && *count > 0) add("gpu", to_text(GpuCount(*count)), gpus->text, gpus->place);
    }
  }
  if (!chunk || !chunk->memory) {
    if (const auto each = take("pmem")) {
      const std::int64_t processes = chunk ? chunk->cpus : 1;
      const auto size = value_of(*each, parse_pbs_size(each->value));
      const std::string origin = processes == 1 ? each->text : fmt::format("{} x {} processes", each->text, processes);
      if (size && *size > Bytes{} && processes > 0)
        add("memory", to_estimate(times(*size, processes)), origin, each->place);
      take("mem");
    } else if (const auto all = take("mem")) {
      const auto size = value_of(*all, parse_pbs_size(all->value));
      if (size && *size > Bytes{})
        add("memory", to_estimate(Bytes(divided(size->count(), pods))), by_pods(all->text), all->place);
    }
  }
}

void Pbs::read_array() {
  const Given* array = last('J');
  const bool is_torque = array == nullptr;
  if (is_torque) array = last('t');
  if (array == nullptr) return;
  if (script_.completions > 1) {
    findings_.leave(array->place, array->text,
                    "the Pods of one Job are its nodes or chunks already: create one Job for each index");
    return;
  }
  auto parsed = parse_array(array->value);
  if (!parsed) return findings_.refuse(array->place, array->text, parsed.error().message);
  parsed->variable = is_torque ? "PBS_ARRAYID" : "PBS_ARRAY_INDEX";
  script_.pod_is = PodIs::ArrayTask;
  script_.completions = static_cast<std::int64_t>(parsed->ids.size());
  script_.parallelism = parsed->at_once == 0 ? script_.completions : std::min(parsed->at_once, script_.completions);
  script_.array = std::move(*parsed);
}

void Pbs::read_requeue() {
  const Given* rerun = last('r');
  if (rerun == nullptr) return;
  if (rerun->value != "y" && rerun->value != "n")
    return findings_.refuse(rerun->place, rerun->text, R"(must be "y" or "n")");
  if (rerun->value == "n") script_.requeue = Script::Requeue::Refused;
}

void Pbs::leave_the_rest() {
  for (const auto& [name, resource] : resources_) {
    findings_.leave(resource.place, resource.text, "there is no estimate of it");
  }
}

}  // namespace

void translate_pbs(const Directives& directives, Script& script, Findings& findings) {
  Pbs(directives, script, findings).run();
}

}  // namespace plimsoll::batch_script
