#include <catch2/catch.hpp>

#include "batch_script/asked.hpp"

namespace plimsoll::batch_script {
namespace {

struct Case {
  std::string_view in;  // what stands behind `#SBATCH`; several lines are several directives
  std::string_view want;
};

std::string asked_of_slurm(std::string_view options) {
  std::string script = "#!/bin/bash\n#SBATCH ";
  for (const char c : options) script += c == '\n' ? std::string("\n#SBATCH ") : std::string(1, c);
  return asked(script + "\nsrun ./app\n");
}

TEST_CASE("what sbatch's options ask for becomes what one Pod needs") {
  const Case cases[] = {
      // Time: here a bare number is minutes, and two are minutes and seconds.
      {"--time=90", "duration=1h30m"},
      {"--time 90", "duration=1h30m"},
      {"-t90", "duration=1h30m"},
      {"-t 90", "duration=1h30m"},
      {"--time=30:15", "duration=30m15s"},
      {"--time=90:00", "duration=1h30m"},
      {"--time=02:30:00", "duration=2h30m"},
      {"--time=100:00:00", "duration=4d4h"},
      {"--time=2-0", "duration=2d"},
      {"--time=1-12", "duration=1d12h"},
      {"--time=1-12:30", "duration=1d12h30m"},
      {"--time=1-12:30:05", "duration=1d12h30m5s"},
      {"--time=0", "---time=0"},
      {"--time=UNLIMITED", "---time=UNLIMITED"},
      {"-t infinite", "--t infinite"},
      {"--time=10\n--time=20", "duration=20m"},
      {"--time-min=10", "---time-min=10"},
      // Memory: megabytes of 1024 kilobytes.
      {"--mem=4000", "memory=4000Mi"},
      {"--mem=4096", "memory=4Gi"},
      {"--mem=64G", "memory=64Gi"},
      {"--mem=64g", "memory=64Gi"},
      {"--mem=64GB", "memory=64Gi"},
      {"--mem=500M", "memory=500Mi"},
      {"--mem=2048K", "memory=2Mi"},
      {"--mem=1T", "memory=1Ti"},
      {"--mem=100K", "memory=1Mi"},
      {"--mem=0", "---mem=0"},
      {"--mem-per-cpu=2G", "memory=2Gi"},
      {"--mem-per-cpu=2G -c8", "cpu=8 memory=16Gi"},
      {"--mem-per-cpu=500 -n 4 -c 2", "cpu=8 memory=4000Mi"},
      {"--mem-per-gpu=20G --gres=gpu:2", "memory=40Gi gpu=2"},
      {"--mem-per-gpu=20G", "---mem-per-gpu=20G"},
      {"--mem=4G\n--mem-per-cpu=1G", "memory=1Gi"},
      {"--mem-per-cpu=1G\n--mem=4G", "memory=4Gi"},
      {"--tmp=10G", "ephemeral-storage=10Gi"},
      // Tasks, cpus, nodes.
      {"-c4", "cpu=4"},
      {"-c 4", "cpu=4"},
      {"--cpus-per-task=4", "cpu=4"},
      {"-n8", "cpu=8"},
      {"--ntasks=8 --cpus-per-task=4", "cpu=32"},
      {"--ntasks-per-node=4 -c 2", "cpu=8"},
      {"-N 1 -n 6", "cpu=6"},
      {"--nodes=4 --ntasks-per-node=8", "cpu=8 pods=4/4"},
      {"--nodes=4 --ntasks=32 -c 2 --mem=10G", "cpu=16 memory=10Gi pods=4/4"},
      {"-N 3 -n 10", "cpu=4 pods=3/3"},
      {"-n 16 --ntasks-per-node=4", "cpu=4 pods=4/4"},
      {"-N 2", "pods=2/2"},
      {"-N 2-4 -c 8", "cpu=8 pods=2/2"},
      {"-N 2 --mem-per-cpu=1G --ntasks-per-node=4", "cpu=4 memory=4Gi pods=2/2"},
      // GPUs.
      {"--gres=gpu", "gpu=1"},
      {"--gres=gpu:2", "gpu=2"},
      {"--gres=gpu:a100", "gpu=1 gpu-model=a100"},
      {"--gres=gpu:a100:2", "gpu=2 gpu-model=a100"},
      {"--gres=gres/gpu:a100:2", "gpu=2 gpu-model=a100"},
      {"--gres=gpu:1,lustre:1", "gpu=1 -lustre:1"},
      {"--gres=none", ""},
      {"-G 4", "gpu=4"},
      {"--gpus=h100:4", "gpu=4 gpu-model=h100"},
      {"--gpus=8 -N 2", "gpu=4 pods=2/2"},
      {"--gpus=9 -N 2", "gpu=5 pods=2/2"},
      {"--gpus=v100:1,a100:2", "gpu=3 ---gpus=v100:1,a100:2"},
      {"--gpus-per-node=4 -N 2", "gpu=4 pods=2/2"},
      {"--gpus-per-task=a100:1 -n 4", "cpu=4 gpu=4 gpu-model=a100"},
      {"--gpus-per-task=2 --gpus=8", "cpu=4 gpu=8"},
      {"--gpus-per-socket=2", "---gpus-per-socket=2"},
      {"--gpus=4 --cpus-per-gpu=6", "cpu=24 gpu=4"},
      // Arrays, deadlines, names, requeueing.
      {"--array=0-99%10", "pods=100/10"},
      {"-a 1-10", "pods=10/10"},
      {"--array=1,3,5-7", "pods=5/5"},
      {"--array=0-15:4", "pods=4/4"},
      {"--array=7", "pods=1/1"},
      {"--array=1-3,2-4", "pods=4/4"},
      {"--array=0-9%0", "pods=10/10"},
      {"--array=0-3%8", "pods=4/4"},
      {"--array=0-3 -N 2", "pods=2/2 ---array=0-3"},
      {"--deadline=now+6hours", "deadline=+6h"},
      {"--deadline=now+90", "deadline=+1m30s"},
      {"--deadline='now + 2 days'", "deadline=+2d"},
      {"--deadline=2026-06-01T18:00:00", "---deadline=2026-06-01T18:00:00"},
      {"-J train", "family=train"},
      {"--job-name=\"two words\"", "family=two words"},
      {"--job-name='a#b'", "family=a#b"},
      {"--job-name=a\\ b", "family=a b"},
      {"--requeue", ""},
      {"--no-requeue", "no-requeue"},
      {"--no-requeue\n--requeue", ""},
      // What has no equivalent.
      {"--qos=high", "---qos=high"},
      {"-p gpu -A ml", "--p gpu --A ml"},
      {"--constraint=\"a100|h100\"", "---constraint=a100|h100"},
      {"--begin=16:00", "---begin=16:00"},
      {"--exclusive", "---exclusive"},
      {"--exclusive=user -c 2", "cpu=2 ---exclusive=user"},
      {"-HQ", "--HQ --HQ"},
      {"--output=%j.out", "---output=%j.out"},
      {"--dependency=afterok:1", "---dependency=afterok:1"},
      // How options are written.
      {"--cpus=4", "! --cpus=4: could be any of: --cpus-per-gpu --cpus-per-task"},
      {"--cpus-per-t=4", "cpu=4"},
      {"--job=x --gpus-per-n=2", "gpu=2 family=x"},
      {"--time=5 # minutes", "duration=5m"},
      {"  --time=5\t-c2", "duration=5m cpu=2"},
      {"-c2\nhetjob\n--time=5", "cpu=2 -hetjob -#SBATCH --time=5"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(asked_of_slurm(c.in) == c.want);
  }
}

TEST_CASE("what sbatch would refuse is refused, with what was probably meant") {
  const Case cases[] = {
      {"--time=2h",
       R"(! --time=2h: is not a time: sbatch reads minutes, "MM:SS", "HH:MM:SS" or "D-HH:MM:SS"; did you mean "02:00:00"?)"},
      {"--time=1.5", R"(! --time=1.5: is not a time: sbatch reads minutes, "MM:SS", "HH:MM:SS" or "D-HH:MM:SS")"},
      {"--time=1:2:3:4",
       R"(! --time=1:2:3:4: is not a time: sbatch reads minutes, "MM:SS", "HH:MM:SS" or "D-HH:MM:SS")"},
      {"--time=999999-0", "! --time=999999-0: is longer than 273 years"},
      {"--mem=1.5G",
       "! --mem=1.5G: is not a size: sbatch reads a whole number of megabytes, or with K, M, G or T; did you mean "
       "\"1536M\"?"},
      {"--mem=4GiB",
       "! --mem=4GiB: is not a size: sbatch reads a whole number of megabytes, or with K, M, G or T; did you mean "
       "\"4096M\"?"},
      {"--mem=lots", "! --mem=lots: is not a size: sbatch reads a whole number of megabytes, or with K, M, G or T"},
      {"-c four", "! -c four: is not a whole number"},
      {"-c0", "! -c0: must be at least 1"},
      {"-n -1", "! -n -1: is not a whole number"},
      {"--gres=gpu:a:b:1", R"(! --gres=gpu:a:b:1: is no list of resources such as "gpu:2" or "gpu:a100:2")"},
      {"--gpus=a100", "! --gpus=a100: is not a whole number"},
      {"--array=5-1", R"(! --array=5-1: is not an array of indexes such as "0-15", "1,3,5-7" or "0-99%10")"},
      {"--array=0-999999999", "! --array=0-999999999: has more indexes than a Job can have, 100000: split it"},
      {"--deadline=now+6fortnights",
       R"(! --deadline=now+6fortnights: is not a time: sbatch reads "now+6hours", in seconds, minutes, hours, days or weeks)"},
      {"--mem", "! --mem: needs a value"},
      {"--mem=", "! --mem=: needs a value"},
      {"-c", "! -c: needs a value"},
      {"--requeue=yes", "! --requeue=yes: takes no value"},
      {"--job-name=\"x", "! --job-name=\"x: has no closing \""},
      {"--memory=4G", "! --memory=4G: is an option that is not known: did you mean \"--mem\"?"},
      {"-Z", "! -Z: is an option that is not known"},
      {"-c x --mem=y",
       "! -c x: is not a whole number; --mem=y: is not a size: sbatch reads a whole number of megabytes, or with K, M, "
       "G or T"},
      {"-N 200000", "! -N 200000: makes more Pods than a Job can have, 100000"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(asked_of_slurm(c.in) == c.want);
  }
}

TEST_CASE("each number says which directives it comes from, and where they stand") {
  const auto script =
      parse_script("#!/bin/sh\n#SBATCH -N 2 --ntasks-per-node=4\n#SBATCH --mem-per-cpu=1G -c 2 --gpus=8\n");
  REQUIRE(script);
  struct Want {
    std::string_view key, origin;
    Place place;
  };
  const Want wants[] = {{"cpu", "-c 2 x 4 tasks", {3, 26}},
                        {"memory", "--mem-per-cpu=1G x 8 cpus", {3, 9}},
                        {"gpu", "--gpus=8 / 2 nodes", {3, 31}}};
  REQUIRE(script->estimates.size() == std::size(wants));
  for (std::size_t i = 0; i < std::size(wants); ++i) {
    CHECK(script->estimates[i].key == wants[i].key);
    CHECK(script->estimates[i].origin == wants[i].origin);
    CHECK(script->estimates[i].place == wants[i].place);
  }
}

TEST_CASE("no number is so large that it wraps around") {
  CHECK(asked_of_slurm("-n 999999999 -c 999999999 --mem-per-cpu=999999999T").starts_with("cpu="));
  CHECK(asked_of_slurm("--gpus-per-task=999999999 -n 999999999 --cpus-per-gpu=999999999").find("-9") ==
        std::string::npos);
  CHECK(asked_of_slurm("--mem=999999999999999999T").starts_with("memory="));
}

}  // namespace
}  // namespace plimsoll::batch_script
