#include <catch2/catch.hpp>

#include "batch_script/asked.hpp"

namespace plimsoll::batch_script {
namespace {

struct Case {
  std::string_view in;  // what stands behind `#PBS`; several lines are several directives
  std::string_view want;
};

std::string asked_of_pbs(std::string_view options) {
  std::string script = "#!/bin/bash\n#PBS ";
  for (const char c : options) script += c == '\n' ? std::string("\n#PBS ") : std::string(1, c);
  return asked(script + "\n./app\n");
}

TEST_CASE("what qsub's options ask for becomes what one Pod needs") {
  const Case cases[] = {
      // Time: here a bare number is seconds.
      {"-l walltime=02:30:00", "duration=2h30m"},
      {"-lwalltime=02:30:00", "duration=2h30m"},
      {"-l walltime=90", "duration=1m30s"},
      {"-l walltime=90:00", "duration=1h30m"},
      {"-l walltime=100:00:00", "duration=4d4h"},
      {"-l walltime=10.5", "duration=11s"},
      {"-l walltime=60\n-l walltime=120", "duration=2m"},
      // Chunks.
      {"-l select=1:ncpus=8:mem=32gb", "cpu=8 memory=32Gi"},
      {"-l select=2:ncpus=8:mem=32gb:ngpus=1", "cpu=8 memory=32Gi gpu=1 pods=2/2"},
      {"-l select=ncpus=4", "cpu=4"},
      {"-l select=3", "cpu=1 pods=3/3"},
      {"-l select=1:ncpus=4+2:ncpus=8:mem=1gb", "cpu=8 memory=1Gi pods=3/3"},
      {"-l select=1:ncpus=4:mpiprocs=4:ompthreads=1", "cpu=4 -mpiprocs=4 -ompthreads=1"},
      {"-l select=2:ncpus=4 -l place=scatter", "cpu=4 pods=2/2 -place=scatter"},
      {"-l select=1:ncpus=4,walltime=60", "duration=1m cpu=4"},
      {"-l select=2:ncpus=4,mem=8gb", "cpu=4 memory=4Gi pods=2/2"},
      // Nodes, and what stands beside them.
      {"-l nodes=1:ppn=8", "cpu=8"},
      {"-l nodes=2:ppn=8:gpus=2", "cpu=8 gpu=2 pods=2/2"},
      {"-l nodes=2:ppn=8,mem=64gb", "cpu=8 memory=32Gi pods=2/2"},
      {"-l nodes=2:ppn=8,pmem=1gb", "cpu=8 memory=8Gi pods=2/2"},
      {"-l nodes=node01:ppn=2", "cpu=2 -node01"},
      {"-l nodes=1:ppn=2:bigmem", "cpu=2 -bigmem"},
      {"-l ncpus=8", "cpu=8"},
      {"-l ncpus=8,mem=4gb,ngpus=1", "cpu=8 memory=4Gi gpu=1"},
      {"-l procs=16", "cpu=16"},
      {"-l cput=1:00:00", "-cput=1:00:00"},
      // Sizes: all of 1024, and words of eight bytes.
      {"-l mem=1073741824", "memory=1Gi"},
      {"-l mem=1073741824b", "memory=1Gi"},
      {"-l mem=1048576kb", "memory=1Gi"},
      {"-l mem=1024MB", "memory=1Gi"},
      {"-l mem=100kb", "memory=1Mi"},
      {"-l mem=1g", "memory=1Gi"},
      {"-l mem=1tb", "memory=1Ti"},
      {"-l mem=128mw", "memory=1Gi"},
      {"-l mem=131072kw", "memory=1Gi"},
      {"-l mem=134217728w", "memory=1Gi"},
      // The rest.
      {"-N train", "family=train"},
      {"-N train -l ncpus=2", "cpu=2 family=train"},
      {"-J 0-99", "pods=100/100"},
      {"-J 1-10:2%3", "pods=5/3"},
      {"-t 0-9%2", "pods=10/2"},
      {"-J 0-3 -l select=2", "cpu=1 pods=2/2 --J 0-3"},
      {"-r n", "no-requeue"},
      {"-r y", ""},
      {"-q gpu -A ml -V -j oe -o out", "--q gpu --A ml --V --j oe --o out"},
      {"-W depend=afterok:1", "--W depend=afterok:1"},
      {"-l ncpus=2 # two", "cpu=2"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(asked_of_pbs(c.in) == c.want);
  }
}

TEST_CASE("what qsub would refuse is refused, with what was probably meant") {
  const Case cases[] = {
      {"-l walltime=2h",
       R"(! walltime=2h: is not a time: PBS reads seconds, "MM:SS" or "HH:MM:SS"; did you mean "02:00:00"?)"},
      {"-l walltime=1-00:00:00",
       R"(! walltime=1-00:00:00: is not a time: PBS reads seconds, "MM:SS" or "HH:MM:SS"; did you mean "24:00:00"?)"},
      {"-l walltime=0", "! walltime=0: is no time at all"},
      {"-l mem=1.5gb",
       "! mem=1.5gb: is not a size: PBS reads a whole number with b, kb, mb, gb or tb; did you mean \"1536mb\"?"},
      {"-l select=0:ncpus=1", "! select=0:ncpus=1: must be at least 1"},
      {"-l select=1:ncpus=x", "! select=1:ncpus=x: is not a whole number"},
      {"-l select=200000", "! : the script asks for more Pods than a Job can have, 100000"},
      {"-r x", R"(! -r x: must be "y" or "n")"},
      {"-l", "! -l: needs a value"},
      {"--time=5", "! --time=5: is an option that is not known"},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(asked_of_pbs(c.in) == c.want);
  }
}

}  // namespace
}  // namespace plimsoll::batch_script
