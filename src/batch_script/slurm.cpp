// sbatch counts per node, per task, per cpu, per GPU or for the whole job. All of it is brought to one Pod, which
// stands for one node where the script asks for several, and else for the whole job (or for one task of its array).
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "amounts.hpp"
#include "dialects.hpp"
#include "plimsoll/base/text.hpp"

namespace plimsoll::batch_script {
namespace {

constexpr std::string_view kQueue =
    "who may run where and first is the cluster's: priority bands of the policy, a Kueue queue";
constexpr std::string_view kNodes = "nodes are chosen by their labels: nodeSelector or nodeAffinity in the template";
constexpr std::string_view kOutput = "a container writes to its log: kubectl logs";
constexpr std::string_view kMail = "nothing sends mail: watch the Job";
constexpr std::string_view kBinding = "which cores, sockets and threads a container gets is the kubelet's business";
constexpr std::string_view kShape = "sockets and cores of a node are not chosen: say --cpus-per-task";
constexpr std::string_view kStart = "a Job starts when it is created: create it then, or by a CronJob";
constexpr std::string_view kOrder = "a Job waits for no other: a workflow engine does";
constexpr std::string_view kEnvironment = "say the environment in the container's env";
constexpr std::string_view kFiles = "say the container's workingDir and volumes";
constexpr std::string_view kSignal = "a Pod that is stopped gets SIGTERM and terminationGracePeriodSeconds to end";
constexpr std::string_view kWhole = "a Pod shares its node: ask for all of its cpus, or spread by the policy";
constexpr std::string_view kTasks = "a Pod knows no tasks: say --ntasks and --gpus-per-task";
constexpr std::string_view kSite = "is about this Slurm cluster";
constexpr std::string_view kTool = "is about sbatch itself";

// Every option that a script can hold; those without a reason are translated.
constexpr Option kOptions[] = {
    {"account", 'A', Takes::Value, kQueue},
    {"acctg-freq", 0, Takes::Value, kSite},
    {"array", 'a', Takes::Value},
    {"batch", 0, Takes::Value, kNodes},
    {"bb", 0, Takes::Value, kSite},
    {"bbf", 0, Takes::Value, kSite},
    {"begin", 'b', Takes::Value, kStart},
    {"chdir", 'D', Takes::Value, kFiles},
    {"cluster-constraint", 0, Takes::Value, kSite},
    {"clusters", 'M', Takes::Value, kSite},
    {"comment", 0, Takes::Value, "say it in an annotation of your own"},
    {"constraint", 'C', Takes::Value, kNodes},
    {"container", 0, Takes::Value, "say the container's image"},
    {"container-id", 0, Takes::Value, "say the container's image"},
    {"contiguous", 0, Takes::Nothing, kNodes},
    {"core-spec", 'S', Takes::Value, kBinding},
    {"cores-per-socket", 0, Takes::Value, kShape},
    {"cpu-freq", 0, Takes::Value, kBinding},
    {"cpus-per-gpu", 0, Takes::Value},
    {"cpus-per-task", 'c', Takes::Value},
    {"deadline", 0, Takes::Value},
    {"delay-boot", 0, Takes::Value, kSite},
    {"dependency", 'd', Takes::Value, kOrder},
    {"distribution", 'm', Takes::Value, kBinding},
    {"error", 'e', Takes::Value, kOutput},
    {"exclude", 'x', Takes::Value, kNodes},
    {"exclusive", 0, Takes::MaybeValue, kWhole},
    {"export", 0, Takes::Value, kEnvironment},
    {"export-file", 0, Takes::Value, kEnvironment},
    {"extra", 0, Takes::Value, kSite},
    {"extra-node-info", 'B', Takes::Value, kShape},
    {"get-user-env", 0, Takes::MaybeValue, kEnvironment},
    {"gid", 0, Takes::Value, "say the Pod's securityContext"},
    {"gpu-bind", 0, Takes::Value, kBinding},
    {"gpu-freq", 0, Takes::Value, kBinding},
    {"gpus", 'G', Takes::Value},
    {"gpus-per-node", 0, Takes::Value},
    {"gpus-per-socket", 0, Takes::Value, "sockets are not chosen: say --gpus-per-node"},
    {"gpus-per-task", 0, Takes::Value},
    {"gres", 0, Takes::Value},
    {"gres-flags", 0, Takes::Value, kBinding},
    {"help", 'h', Takes::Nothing, kTool},
    {"hint", 0, Takes::Value, kBinding},
    {"hold", 'H', Takes::Nothing, "create the Job with spec.suspend: true"},
    {"ignore-pbs", 0, Takes::Nothing, kTool},
    {"input", 'i', Takes::Value, kFiles},
    {"job-name", 'J', Takes::Value},
    {"kill-on-invalid-dep", 0, Takes::Value, kOrder},
    {"licenses", 'L', Takes::Value, kQueue},
    {"mail-type", 0, Takes::Value, kMail},
    {"mail-user", 0, Takes::Value, kMail},
    {"mcs-label", 0, Takes::Value, kSite},
    {"mem", 0, Takes::Value},
    {"mem-bind", 0, Takes::Value, kBinding},
    {"mem-per-cpu", 0, Takes::Value},
    {"mem-per-gpu", 0, Takes::Value},
    {"mincpus", 0, Takes::Value, kShape},
    {"network", 0, Takes::Value, kSite},
    {"nice", 0, Takes::MaybeValue, kQueue},
    {"no-kill", 'k', Takes::MaybeValue, kSite},
    {"no-requeue", 0, Takes::Nothing},
    {"nodefile", 'F', Takes::Value, kNodes},
    {"nodelist", 'w', Takes::Value, kNodes},
    {"nodes", 'N', Takes::Value},
    {"ntasks", 'n', Takes::Value},
    {"ntasks-per-core", 0, Takes::Value, kBinding},
    {"ntasks-per-gpu", 0, Takes::Value, kTasks},
    {"ntasks-per-node", 0, Takes::Value},
    {"ntasks-per-socket", 0, Takes::Value, kBinding},
    {"open-mode", 0, Takes::Value, kOutput},
    {"output", 'o', Takes::Value, kOutput},
    {"overcommit", 'O', Takes::Nothing, kBinding},
    {"oversubscribe", 's', Takes::Nothing, "a Pod shares its node in any case"},
    {"parsable", 0, Takes::Nothing, kTool},
    {"partition", 'p', Takes::Value, kQueue},
    {"power", 0, Takes::Value, kSite},
    {"prefer", 0, Takes::Value, kNodes},
    {"priority", 0, Takes::Value, kQueue},
    {"profile", 0, Takes::Value, kSite},
    {"propagate", 0, Takes::MaybeValue, kEnvironment},
    {"qos", 'q', Takes::Value, kQueue},
    {"quiet", 'Q', Takes::Nothing, kTool},
    {"reboot", 0, Takes::Nothing, kSite},
    {"requeue", 0, Takes::Nothing},
    {"reservation", 0, Takes::Value, kQueue},
    {"resv-ports", 0, Takes::MaybeValue, kSite},
    {"segment", 0, Takes::Value, kNodes},
    {"signal", 0, Takes::Value, kSignal},
    {"sockets-per-node", 0, Takes::Value, kShape},
    {"spread-job", 0, Takes::Nothing, kWhole},
    {"stepmgr", 0, Takes::Nothing, kSite},
    {"switches", 0, Takes::Value, kNodes},
    {"test-only", 0, Takes::Nothing, kTool},
    {"thread-spec", 0, Takes::Value, kBinding},
    {"threads-per-core", 0, Takes::Value, kBinding},
    {"time", 't', Takes::Value},
    {"time-min", 0, Takes::Value, "a limit does not shrink to be scheduled sooner"},
    {"tmp", 0, Takes::Value},
    {"tres-bind", 0, Takes::Value, kBinding},
    {"tres-per-task", 0, Takes::Value, "say --cpus-per-task and --gpus-per-task"},
    {"uid", 0, Takes::Value, "say the Pod's securityContext"},
    {"usage", 0, Takes::Nothing, kTool},
    {"use-min-nodes", 0, Takes::Nothing, kNodes},
    {"verbose", 'v', Takes::Nothing, kTool},
    {"version", 'V', Takes::Nothing, kTool},
    {"wait", 'W', Takes::Nothing, "kubectl wait does"},
    {"wait-all-nodes", 0, Takes::Value, kSite},
    {"wckey", 0, Takes::Value, kQueue},
    {"workdir", 0, Takes::Value, kFiles},
    {"wrap", 0, Takes::Value, "a script is not wrapped"},
};

// GPUs as --gres or --gpus name them.
struct Gpus {
  std::int64_t count = 0;
  std::string model;  // empty: any
};

class Slurm {
 public:
  Slurm(const Directives& directives, Script& script, Findings& findings)
      : script_(script), findings_(findings), given_(read_options(directives, kOptions, findings)) {
    tell_overruled();
  }

  void run() {
    read_name();
    read_shape();
    read_time();
    read_gpus();  // before what is counted per GPU
    read_cpus();
    read_memory();
    read_size("tmp", "ephemeral-storage");
    read_deadline();
    read_requeue();
  }

 private:
  using Source = const Given*;

  // Of an option that is given several times the last counts.
  [[nodiscard]] Source last(std::string_view name) const {
    const auto found =
        std::find_if(given_.rbegin(), given_.rend(), [&](const Given& g) { return g.option->name == name; });
    return found == given_.rend() ? nullptr : &*found;
  }

  void tell_overruled() {
    for (const Given& given : given_) {
      const Given& counts = *last(given.option->name);
      if (counts.value == given.value || given.option->name == "gres") continue;
      findings_.warn(given.place, given.text, fmt::format("is overruled on line {}", counts.place.line));
    }
  }

  template <class T>
  std::optional<T> value_of(Source given, Result<T> result) {
    if (result) return std::move(*result);
    findings_.refuse(given->place, given->text, result.error().message);
    return std::nullopt;
  }
  // A number of things, at least one.
  std::optional<std::int64_t> count_of(Source given, std::string_view text) {
    const auto count = value_of(given, parse_count(text));
    if (count == 0) {
      findings_.refuse(given->place, given->text, "must be at least 1");
      return std::nullopt;
    }
    return count;
  }
  std::optional<std::int64_t> count_of(Source given) {
    return given == nullptr ? std::nullopt : count_of(given, given->value);
  }

  void add(std::string_view key, std::string value, std::string origin, Place place) {
    script_.estimates.push_back({std::string(key), std::move(value), std::move(origin), place});
  }

  void read_name() {
    const Source name = last("job-name");
    if (name == nullptr) return;
    script_.name = name->value;
    add("family", to_estimate(name->value), name->text, name->place);
  }

  void read_shape();
  void read_time();
  void read_gpus();
  void read_cpus();
  void read_memory();
  void read_size(std::string_view option, std::string_view key);
  void read_deadline();
  void read_requeue();

  std::optional<std::int64_t> parse_nodes(Source given);
  std::optional<Gpus> parse_gpus(Source given, std::string_view list);
  std::optional<Gpus> parse_gres(Source given);

  Script& script_;
  Findings& findings_;
  std::vector<Given> given_;
  std::int64_t nodes_ = 1;
  std::int64_t tasks_ = 1;    // of one Pod
  std::string tasks_origin_;  // empty: nothing says how many
  Place tasks_place_;
  std::int64_t cpus_ = 1;  // of one Pod
  std::int64_t gpus_ = 0;  // of one Pod
};

// "4", "2-4" (the fewest are enough), and what adds a step or a list to them.
std::optional<std::int64_t> Slurm::parse_nodes(Source given) {
  std::string_view text = given->value;
  const std::string_view first = text.substr(0, text.find_first_of("-:,"));
  const auto count = count_of(given, first);
  if (count && first.size() != text.size()) {
    findings_.warn(given->place, given->text, fmt::format("allows several numbers of nodes: {} are taken", *count));
  }
  return count;
}

void Slurm::read_shape() {
  const Source nodes = last("nodes");
  const Source tasks = last("ntasks");
  const Source per_node = last("ntasks-per-node");
  const std::optional<std::int64_t> task_count = count_of(tasks);
  const std::optional<std::int64_t> per_node_count = count_of(per_node);
  if (nodes != nullptr) {
    nodes_ = parse_nodes(nodes).value_or(1);
  } else if (task_count && per_node_count) {
    nodes_ = divided(*task_count, *per_node_count);
  }
  if (task_count) {
    tasks_ = divided(*task_count, nodes_);
    tasks_origin_ = nodes_ == 1 ? tasks->text : fmt::format("{} / {} nodes", tasks->text, nodes_);
    tasks_place_ = tasks->place;
  } else if (per_node_count) {
    tasks_ = *per_node_count;
    tasks_origin_ = per_node->text;
    tasks_place_ = per_node->place;
  }

  const Source array = last("array");
  if (nodes_ > 1) {
    script_.pod_is = PodIs::Node;
    script_.completions = script_.parallelism = nodes_;
    if (nodes_ > kMostCompletions) {
      const Source said = nodes != nullptr ? nodes : tasks;
      findings_.refuse(said->place, said->text,
                       fmt::format("makes more Pods than a Job can have, {}", kMostCompletions));
    }
    if (array != nullptr) {
      findings_.leave(array->place, array->text,
                      "the Pods of one Job are its nodes already: create one Job for each index");
    }
    return;
  }
  if (array == nullptr) return;
  auto parsed = value_of(array, parse_array(array->value));
  if (!parsed) return;
  parsed->variable = "SLURM_ARRAY_TASK_ID";
  script_.pod_is = PodIs::ArrayTask;
  script_.completions = static_cast<std::int64_t>(parsed->ids.size());
  script_.parallelism = parsed->at_once == 0 ? script_.completions : std::min(parsed->at_once, script_.completions);
  script_.array = std::move(*parsed);
}

void Slurm::read_time() {
  const Source time = last("time");
  if (time == nullptr) return;
  const auto limit = value_of(time, parse_slurm_time(time->value));
  if (!limit) return;
  if (!*limit) {
    findings_.leave(time->place, time->text, "is no limit at all: say how long it is expected to run");
    return;
  }
  add("duration", to_text(**limit), time->text, time->place);
}

// "2", "a100:2", "volta:3,kepler:5".
std::optional<Gpus> Slurm::parse_gpus(Source given, std::string_view list) {
  Gpus gpus;
  const std::vector<std::string_view> parts = split(list, ',');
  for (const std::string_view part : parts) {
    const std::size_t colon = part.rfind(':');
    const std::string_view digits = colon == std::string_view::npos ? part : part.substr(colon + 1);
    const auto count = value_of(given, parse_count(digits));
    if (!count) return std::nullopt;
    gpus.count += *count;
    if (colon != std::string_view::npos) gpus.model = part.substr(0, colon);
  }
  if (parts.size() > 1) {
    gpus.model.clear();
    findings_.leave(given->place, given->text,
                    "the GPUs of one Pod are of one model: their number is kept, not their models");
  }
  return gpus;
}

// name[[:type]:count], several with commas. Of what is no GPU there is no estimate.
std::optional<Gpus> Slurm::parse_gres(Source given) {
  Gpus gpus;
  bool has_gpus = false;
  for (std::string_view part : split(given->value, ',')) {
    if (part == "none" || part.empty()) continue;
    for (const std::string_view prefix : {"gres/", "gres:"}) {
      if (part.starts_with(prefix)) part.remove_prefix(prefix.size());
    }
    // A count may stand behind "=" as well, since 23.02.
    std::string spelled(part);
    std::ranges::replace(spelled, '=', ':');
    const std::vector<std::string_view> words = split(spelled, ':');
    if (words[0] != "gpu") {
      findings_.leave(given->place, part, "there is no estimate of it: ask for the extended resource in the template");
      continue;
    }
    has_gpus = true;
    const bool has_count = words.size() > 1 && parse_count(words.back()).has_value();
    const std::size_t model_words = words.size() - 1 - (has_count ? 1 : 0);
    if (model_words > 1) {
      findings_.refuse(given->place, given->text, R"(is no list of resources such as "gpu:2" or "gpu:a100:2")");
      return std::nullopt;
    }
    gpus.count += has_count ? *parse_count(words.back()) : 1;
    if (model_words == 1) gpus.model = words[1];
  }
  return has_gpus ? std::optional(gpus) : std::nullopt;
}

void Slurm::read_gpus() {
  std::optional<Gpus> gpus;
  std::string origin;
  Source source = nullptr;
  const Source of_job = last("gpus");
  const Source per_task = last("gpus-per-task");
  if (const Source per_node = last("gpus-per-node"); per_node != nullptr) {
    source = per_node;
    gpus = parse_gpus(source, source->value);
    origin = source->text;
  } else if (const Source gres = last("gres"); gres != nullptr && (gpus = parse_gres(gres))) {
    source = gres;
    origin = source->text;
  } else if (per_task != nullptr) {
    source = per_task;
    gpus = parse_gpus(source, source->value);
    // As many tasks as the GPUs of the job are enough for, where nothing says how many.
    if (gpus && gpus->count > 0 && tasks_origin_.empty() && of_job != nullptr) {
      if (const auto all = parse_gpus(of_job, of_job->value); all && all->count > 0) {
        tasks_ = divided(divided(all->count, gpus->count), nodes_);
        tasks_origin_ = of_job->text + " / " + per_task->text;
        tasks_place_ = of_job->place;
      }
    }
    if (gpus) gpus->count = product(gpus->count, tasks_);
    origin = tasks_ == 1 ? source->text : fmt::format("{} x {} tasks", source->text, tasks_);
  } else if (of_job != nullptr) {
    source = of_job;
    gpus = parse_gpus(source, source->value);
    if (gpus) gpus->count = divided(gpus->count, nodes_);
    origin = nodes_ == 1 ? source->text : fmt::format("{} / {} nodes", source->text, nodes_);
  }
  if (!gpus || gpus->count == 0) return;
  gpus_ = gpus->count;
  add("gpu", to_text(GpuCount(gpus_)), origin, source->place);
  if (!gpus->model.empty()) add("gpu-model", to_estimate(gpus->model), source->text, source->place);
}

void Slurm::read_cpus() {
  const Source per_task = last("cpus-per-task");
  const Source per_gpu = last("cpus-per-gpu");
  const auto per_task_count = count_of(per_task);
  const auto per_gpu_count = count_of(per_gpu);
  std::string origin = tasks_origin_;
  Place place = tasks_place_;
  if (per_task_count) {
    cpus_ = product(tasks_, *per_task_count);
    origin = tasks_ == 1 ? per_task->text : fmt::format("{} x {} tasks", per_task->text, tasks_);
    place = per_task->place;
  } else if (per_gpu_count && gpus_ > 0) {
    cpus_ = product(gpus_, *per_gpu_count);
    origin = fmt::format("{} x {} GPUs", per_gpu->text, gpus_);
    place = per_gpu->place;
  } else {
    cpus_ = tasks_;
  }
  if (origin.empty()) return;
  constexpr std::int64_t kLargeNode = 64;
  if (cpus_ > kLargeNode && tasks_ > 1 && last("nodes") == nullptr) {
    findings_.warn(
        tasks_place_, tasks_origin_,
        fmt::format("makes one Pod of {} cpus: say with --nodes over how many nodes it may be spread", cpus_));
  }
  add("cpu", to_text(times(MilliCpu(1000), cpus_)), origin, place);
}

void Slurm::read_memory() {
  const Source per_cpu = last("mem-per-cpu");
  const Source per_gpu = last("mem-per-gpu");
  const Source per_node = last("mem");
  // sbatch takes one of them; a script that has several is refused or read by whichever comes last.
  Source source = nullptr;
  for (const Source candidate : {per_cpu, per_gpu, per_node}) {
    if (candidate == nullptr) continue;
    if (source != nullptr) {
      const Source later = std::max(source, candidate);
      const Source earlier = std::min(source, candidate);
      findings_.warn(earlier->place, earlier->text, fmt::format("excludes {}, which is taken", later->text));
      source = later;
      continue;
    }
    source = candidate;
  }
  if (source == nullptr) return;
  const auto size = value_of(source, parse_slurm_size(source->value));
  if (!size) return;
  if (*size == Bytes{}) {
    findings_.leave(source->place, source->text, "means all memory of a node: say how much is expected to be used");
    return;
  }
  if (source == per_gpu && gpus_ == 0) {
    findings_.leave(source->place, source->text, "there are no GPUs to count by");
    return;
  }
  const std::int64_t count = source == per_cpu ? cpus_ : source == per_gpu ? gpus_ : 1;
  std::string origin = source->text;
  if (count > 1) origin += fmt::format(" x {} {}", count, source == per_cpu ? "cpus" : "GPUs");
  add("memory", to_estimate(times(*size, count)), std::move(origin), source->place);
}

void Slurm::read_size(std::string_view option, std::string_view key) {
  const Source source = last(option);
  if (source == nullptr) return;
  const auto size = value_of(source, parse_slurm_size(source->value));
  if (size && *size > Bytes{}) add(key, to_estimate(*size), source->text, source->place);
}

void Slurm::read_deadline() {
  const Source deadline = last("deadline");
  if (deadline == nullptr) return;
  const auto span = value_of(deadline, parse_slurm_deadline(deadline->value));
  if (!span) return;
  if (!*span) {
    findings_.leave(
        deadline->place, deadline->text,
        "only the scheduler knows its time zone: say the deadline as RFC 3339, such as \"2026-06-01T18:00:00+02:00\"");
    return;
  }
  add("deadline", "+" + to_text(**span), deadline->text, deadline->place);
}

void Slurm::read_requeue() {
  const Source yes = last("requeue");
  const Source no = last("no-requeue");
  if (no != nullptr && (yes == nullptr || yes < no)) script_.requeue = Script::Requeue::Refused;
}

}  // namespace

void translate_slurm(const Directives& directives, Script& script, Findings& findings) {
  Slurm(directives, script, findings).run();
}

}  // namespace plimsoll::batch_script
