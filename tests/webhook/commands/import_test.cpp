#include "webhook/commands/import.hpp"

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "plimsoll/json/document.hpp"
#include "plimsoll/yaml/yaml.hpp"
#include "webhook/commands/mutate.hpp"
#include "webhook/temporary.hpp"

using namespace plimsoll;
using namespace plimsoll::webhook;
using Output = ImportOptions::Output;

namespace {

const std::string kArray = R"(#!/bin/bash -l
#SBATCH --job-name="Train it"  # a name
#SBATCH --array=1-9:2%2
#SBATCH --time=90
#SBATCH -c 4 --mem-per-cpu=2G
#SBATCH --qos=high
cd /data && ./train "$SLURM_ARRAY_TASK_ID" > out.$$
)";

class Scripts {
 public:
  std::string add(const std::string& text, const std::string& name = "script.sh") {
    return directory_.write(name, text);
  }
  Report run(const std::string& text, Output output, const std::string& image = "") {
    return import_script({.file = add(text), .output = output, .image = image});
  }
  // What `run` gives as a Job, decided under the built-in policy.
  Report mutate_job(const Report& imported) {
    MutateOptions options;
    options.files = {add(imported.out, "job.yaml")};
    options.now = "2026-01-01T00:00:00Z";
    options.output = MutateOptions::Output::Json;
    return mutate(options);
  }
  [[nodiscard]] std::string path() const { return directory_.path().string(); }

 private:
  TemporaryDirectory directory_;
};

yaml::Node only_document(const std::string& text) {
  auto nodes = yaml::parse(text);
  INFO(text);
  REQUIRE(nodes);
  REQUIRE(nodes->size() == 1);
  return std::move(nodes->front());
}

// The scalar at a path of keys, items by their number.
std::string at(const yaml::Node& node, std::initializer_list<std::string_view> path) {
  const yaml::Node* here = &node;
  for (const std::string_view key : path) {
    if (here->kind == yaml::Node::Kind::Sequence) {
      here = &here->items.at(static_cast<std::size_t>(std::stoi(std::string(key))));
    } else {
      here = here->find(key);
    }
    if (here == nullptr) return "(absent)";
  }
  return here->text;
}

}  // namespace

TEST_CASE("annotations are YAML, each with its line, and say below what is not translated") {
  Scripts scripts;
  const Report report = scripts.run(kArray, Output::Annotations);
  CHECK(report.exit_code == ExitCode::Ok);
  CHECK(report.err.empty());
  CHECK(report.out ==
        "# What " + scripts.path() + R"(/script.sh asks Slurm for, per Pod. A Pod stands for one task of the array.
# For the Job's spec.template.metadata.annotations:
estimate.plimsoll.dev/duration: 1h30m  # line 4: --time=90
estimate.plimsoll.dev/cpu: "4"  # line 5: -c 4
estimate.plimsoll.dev/memory: 8Gi  # line 5: --mem-per-cpu=2G x 4 cpus
estimate.plimsoll.dev/family: Train it  # line 2: --job-name=Train it
estimate.plimsoll.dev/confidence: high  # limits that held so far; see --confidence

# For the Job's spec:
#   completionMode: Indexed
#   completions: 5
#   parallelism: 2
#   backoffLimitPerIndex: 0
#   podFailurePolicy:
#     rules:
#     - action: Ignore
#       onPodConditions:
#       - type: DisruptionTarget
# Its Pods find their number, 0 to 4, in JOB_COMPLETION_INDEX, not in SLURM_ARRAY_TASK_ID.

# Not translated:
#   line 6: --qos=high: who may run where and first is the cluster's: priority bands of the policy, a Kueue queue
)");
}

TEST_CASE("a Job carries the script as its interpreter's command, and the index where the script looks for it") {
  Scripts scripts;
  const Report report = scripts.run(kArray, Output::Job, "registry/train:1");
  CHECK(report.exit_code == ExitCode::Ok);
  const yaml::Node job = only_document(report.out);
  CHECK(at(job, {"metadata", "name"}) == "train-it");
  CHECK(at(job, {"spec", "completions"}) == "5");
  const auto command = [&](std::string_view index) {
    return at(job, {"spec", "template", "spec", "containers", "0", "command", index});
  };
  CHECK(command("0") == "/bin/bash");
  CHECK(command("1") == "-l");
  CHECK(command("2") == "-c");
  CHECK(command("3").starts_with("export SLURM_ARRAY_TASK_ID=$((JOB_COMPLETION_INDEX * 2 + 1))\n#!/bin/bash -l\n"));
  // Kubernetes makes one dollar of two.
  CHECK(command("3").ends_with("> out.$$$$\n"));
}

TEST_CASE("a Job without an image has a placeholder and no command") {
  Scripts scripts;
  const yaml::Node job = only_document(scripts.run("#SBATCH -c1 --no-requeue\n", Output::Job).out);
  CHECK(at(job, {"metadata", "name"}) == "imported");
  CHECK(at(job, {"spec", "backoffLimit"}) == "0");
  CHECK(at(job, {"spec", "podFailurePolicy"}) == "(absent)");
  CHECK(at(job, {"spec", "completions"}) == "(absent)");
  CHECK(at(job, {"spec", "template", "spec", "containers", "0", "image"}) == "registry.example/image:tag");
  CHECK(at(job, {"spec", "template", "spec", "containers", "0", "command"}) == "(absent)");
}

TEST_CASE("the interpreter is the script's own") {
  struct Case {
    std::string in, want;  // the first line; the command's words but the last, or what is wrong
  };
  const Case cases[] = {
      {"", "/bin/sh -c"},
      {"#!/bin/sh\n", "/bin/sh -c"},
      {"#!/bin/bash\r\n", "/bin/bash -c"},
      {"#! /usr/bin/env  bash\n", "/usr/bin/env bash -c"},
      {"#!/usr/bin/env -S python3.11 -u\n", "/usr/bin/env -S python3.11 -u -c"},
      {"#!/usr/bin/python3\n", "/usr/bin/python3 -c"},
      {"#!/usr/bin/perl\n", "\"perl\" does not take a script"},
      {"#!/bin/tcsh\n", "\"tcsh\" does not take a script"},
  };
  Scripts scripts;
  for (const Case& c : cases) {
    INFO(c.in);
    const Report report = scripts.run(c.in + "#SBATCH -c1\necho\n", Output::Job, "x");
    if (report.exit_code != ExitCode::Ok) {
      CHECK(report.err.find(c.want) != std::string::npos);
      CHECK(report.out.empty());
      continue;
    }
    const yaml::Node job = only_document(report.out);
    const yaml::Node& container = job.find("spec")->find("template")->find("spec")->find("containers")->items.at(0);
    std::string command;
    for (const yaml::Node& word : container.find("command")->items) command += word.text + " ";
    CHECK(command.starts_with(c.want + " "));
    CHECK(command.find('\r') == std::string::npos);
  }
}

TEST_CASE("an array of uneven indexes is looked up") {
  Scripts scripts;
  const Report report = scripts.run("#SBATCH --array=1,5,6\necho\n", Output::Job, "x");
  CHECK(report.out.find("export SLURM_ARRAY_TASK_ID=$(set -- 1 5 6; shift \"$JOB_COMPLETION_INDEX\"; echo \"$1\")\n") !=
        std::string::npos);
}

TEST_CASE("JSON says the same to programs") {
  Scripts scripts;
  const Report report = scripts.run(kArray + "#SBATCH --mem=1G\n", Output::Json);
  CHECK(report.exit_code == ExitCode::Ok);
  CHECK(
      report.err.find("script.sh:8:1: warning: \"#SBATCH --mem=1G\" is not read: it stands after the first command, on "
                      "line 7\n") != std::string::npos);
  const auto document = json::Document::parse(report.out);
  REQUIRE(document);
  const json::View root = document->root();
  CHECK(root["scheduler"].text() == "slurm");
  CHECK(root["completions"].integer() == 5);
  CHECK(root["annotations"]["estimate.plimsoll.dev/memory"].text() == "8Gi");
  CHECK(root["notTranslated"][std::size_t{0}]["line"].integer() == 6);
  CHECK(root["warnings"].size() == 1);
}

TEST_CASE("what is wrong with a script is said with line and column, and nothing else") {
  Scripts scripts;
  const Report report = scripts.run("#!/bin/sh\n#SBATCH -c 4 --mem=1.5G\n#SBATCH --tim=2h\n", Output::Job, "x");
  CHECK(report.exit_code == ExitCode::Unusable);
  CHECK(report.out.empty());
  const std::string file = scripts.path() + "/script.sh:";
  CHECK(report.err ==
        file +
            "2:14: \"--mem=1.5G\" is not a size: sbatch reads a whole number of megabytes, or with K, M, G or T; "
            "did you mean \"1536M\"?\n" +
            file + "3:9: \"--tim=2h\" could be any of: --time --time-min\n");
  CHECK(import_script({.file = "/no/such"}).err == "/no/such: cannot be read: No such file or directory\n");
  CHECK(scripts.run("#SBATCH -c1\n" + std::string(200'000, 'x'), Output::Job, "x").exit_code == ExitCode::Unusable);
}

TEST_CASE("the prefix is the policy's, and the confidence the caller's") {
  Scripts scripts;
  const std::string policy =
      scripts.add("apiVersion: plimsoll.dev/v1alpha1\nkind: Policy\nprefix: need.example.com/\n", "p.yaml");
  const Report report =
      import_script({.file = scripts.add("#SBATCH -c1\n"), .policy = policy, .confidence = config::Confidence::Low});
  CHECK(report.out.find("need.example.com/cpu: \"1\"  # line 1: -c1\n") != std::string::npos);
  CHECK(report.out.find("need.example.com/confidence: low  # --confidence\n") != std::string::npos);
  CHECK(import_script({.file = "-", .policy = "/no/such"}).exit_code == ExitCode::Unusable);
}

TEST_CASE("what is imported is admitted, with the numbers that were asked for") {
  struct Case {
    std::string in, cpu, memory;  // requests: memory is a tenth more, with high confidence
  };
  const Case cases[] = {
      {kArray, "4", "9012Mi"},
      {"#SBATCH --mem=100K -n1\n", "1", "32Mi"},
      {"#SBATCH --mem=1000 -c 3 --tmp=1G --gres=gpu:a100:2 --deadline=now+7days -t 1-0\n", "3", "1100Mi"},
      {"#SBATCH -N 4 --ntasks-per-node=8 --mem=64G --job-name='%x: *&!#{}'\n", "8", "72090Mi"},
      {"#SBATCH -J \"\\x01 \xE2\x80\xAE\" -c 2 --mem=2G --array=0-99999\n", "2", "2253Mi"},
      {"#PBS -l select=2:ncpus=8:mem=32gb:ngpus=1 -l walltime=10.5\n", "8", "36045Mi"},
      {"#PBS -l nodes=1:ppn=2,pmem=128mw -N yes -r n\n", "2", "2253Mi"},
      {"#PBS -l select=3:ncpus=2,mem=1b -J 0-3\n", "2", "32Mi"},
  };
  Scripts scripts;
  for (const Case& c : cases) {
    INFO(c.in);
    const Report imported = scripts.run(c.in, Output::Job, "x");
    REQUIRE(imported.exit_code == ExitCode::Ok);
    const Report mutated = scripts.mutate_job(imported);
    INFO(imported.out << mutated.err);
    REQUIRE(mutated.exit_code == ExitCode::Ok);
    const auto job = json::Document::parse(mutated.out);
    REQUIRE(job);
    const json::View requests =
        job->root()["spec"]["template"]["spec"]["containers"][std::size_t{0}]["resources"]["requests"];
    CHECK(requests["cpu"].text() == c.cpu);
    CHECK(requests["memory"].text() == c.memory);
  }
}

TEST_CASE("whatever a script holds, what is written can be read again, and is about the script") {
  Scripts scripts;
  std::mt19937 random(11);
  std::size_t readable = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string script = kArray;
    for (int n = 0; n < 3; ++n)
      script[static_cast<std::size_t>(random()) % script.size()] = static_cast<char>(random() % 256);
    const Report report = scripts.run(script, i % 2 == 0 ? Output::Job : Output::Annotations, "x");
    if (report.exit_code != ExitCode::Ok) {
      REQUIRE(report.exit_code == ExitCode::Unusable);
      REQUIRE(report.out.empty());
      REQUIRE(!report.err.empty());
      continue;
    }
    ++readable;
    only_document(report.out);
    if (i % 2 == 0) REQUIRE(scripts.mutate_job(report).exit_code != ExitCode::Unusable);
  }
  CHECK(readable > 300);
}
