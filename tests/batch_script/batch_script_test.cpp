// Which lines count, and that nothing a file can hold does harm.
#include <catch2/catch.hpp>
#include <random>

#include "batch_script/asked.hpp"

namespace plimsoll::batch_script {
namespace {

TEST_CASE("only directives before the first command count, as the scheduler reads them") {
  struct Case {
    std::string_view in, want;
    std::size_t warnings;
  };
  const Case cases[] = {
      {"#!/bin/bash\n\n# a comment\n#SBATCH -c2\n\necho\n", "cpu=2", 0},
      {"#SBATCH -c2", "cpu=2", 0},
      {"#SBATCH -c2\r\n#SBATCH --mem=1G\r\necho\r\n", "cpu=2 memory=1Gi", 0},
      {"#SBATCH -c2\necho\n#SBATCH --mem=1G\n", "cpu=2", 1},
      {"#SBATCH -c2\n  echo\n#SBATCH --mem=1G\n#SBATCH -t 5\n", "cpu=2", 2},
      {"#SBATCH -c2\n# SBATCH --mem=1G\n", "cpu=2", 1},
      {"#SBATCH -c2\n #SBATCH --mem=1G\n", "cpu=2", 1},
      {"#SBATCH -c2\n#sbatch --mem=1G\n", "cpu=2", 1},
      {"#SBATCH -c2\n# SBATCH is Slurm's, PBS is not\n", "cpu=2", 0},
      {"#SBATCH -c2\n##SBATCH --mem=1G\n", "cpu=2", 0},
      {"#SBATCH -c2\n#SBATCHES are many\n", "cpu=2", 0},
      {"#SBATCH -c2 \\\n#SBATCH --mem=1G\n", "cpu=2 memory=1Gi", 1},
      {"#SBATCH -c2\n#PBS -l mem=1gb\n", "cpu=2", 1},
      {"#PBS -l ncpus=2\n#SBATCH --mem=1G\n", "cpu=2", 1},
      {"  #PBS -l ncpus=2\n", "cpu=2", 0},
      {"#PBS -l ncpus=2 \\\n  -l mem=1gb\necho\n", "cpu=2 memory=1Gi", 0},
      {"#PBS -l ncpus=2 \\\n#PBS -l mem=1gb\n", "cpu=2 memory=1Gi", 0},
      {": nothing\n#PBS -l ncpus=2\n", "cpu=2", 0},
      {"#SBATCH -c2 stray\n", "cpu=2", 1},
      {"#SBATCH -c2\n#SBATCH -c4\n", "cpu=4", 1},
      {"#SBATCH -c2\n#SBATCH -c2\n", "cpu=2", 0},
      {"#SBATCH\n", "", 0},
      {"#SBATCH -n 64\n", "cpu=64", 0},
      {"#SBATCH -n 256\n", "cpu=256", 1},
      {"#SBATCH -n 256 -N 4\n", "cpu=64 pods=4/4", 0},
  };
  for (const Case& c : cases) {
    INFO(c.in);
    CHECK(asked(c.in) == c.want);
    const auto script = parse_script(c.in);
    REQUIRE(script);
    CHECK(script->warnings.size() == c.warnings);
  }
}

TEST_CASE("a script without directives says so, and what looked like one") {
  CHECK(asked("") == "! : there is no #SBATCH or #PBS directive before the first command");
  CHECK(asked("#!/bin/sh\necho\n#SBATCH -c2\n") ==
        "! : there is no #SBATCH or #PBS directive before the first command; #SBATCH -c2: is not read: it stands after "
        "the "
        "first command, on line 2");
}

TEST_CASE("problems and warnings are many, but not without end") {
  std::string script;
  for (int i = 0; i < 1000; ++i) script += "#SBATCH --no-such\n";
  const auto refused = parse_script(script);
  REQUIRE(!refused);
  CHECK(refused.error().size() == kMostRemarks);

  const auto read = parse_script("#SBATCH -c2\necho\n" + script);
  REQUIRE(read);
  CHECK(read->warnings.size() == kMostRemarks);
}

TEST_CASE("a line of a mebibyte is only a line") {
  const std::string long_word(1 << 20, 'x');
  CHECK(asked("#SBATCH -c2\n# " + long_word).starts_with("cpu=2"));
  CHECK(asked("#SBATCH -c2 --comment=" + long_word).starts_with("cpu=2 ---comment=xxx"));
  CHECK(asked("#SBATCH --mem=" + long_word).size() < 1000);
  CHECK(asked("#SBATCH --" + long_word).size() < 1000);
  std::string ranges = "#SBATCH --array=0";
  while (ranges.size() < 1 << 20) ranges += ",0-99999";
  CHECK(asked(ranges).find("more indexes") != std::string::npos);
}

// Bytes are replaced, doubled and dropped at random, by a seed. Whatever comes out is displayed and bounded.
TEST_CASE("no script does harm, whatever is in it") {
  constexpr std::string_view kSeeds[] = {
      "#!/bin/bash\n#SBATCH --job-name=\"a b\" -N 2-4 --ntasks-per-node=4 -c 2\n#SBATCH --time=1-12:00:00 "
      "--mem-per-cpu=4G\n"
      "#SBATCH --gres=gpu:a100:2,shard:1 --array=0-99:2%10,200\n#SBATCH --deadline=now+6hours --exclusive=user "
      "-HQ\necho $$\n",
      "#!/bin/sh\n#PBS -N x -l select=2:ncpus=8:mem=32gb:ngpus=1+1:ncpus=4 \\\n  -l walltime=02:30:00.5,place=scatter\n"
      "#PBS -J 0-9%3 -r n -q long\n#PBS -l nodes=1:ppn=8:gpus=2,pmem=8mw\n./app\n",
  };
  constexpr std::string_view kPieces[] = {"\n#SBATCH ", "\n#PBS ", "\\",  "\"",      "'",      "=",    ":",
                                          ",",          "-",       "%",   "+",       "9",      "\r\n", "999999999",
                                          "--",         "-l",      "gpu", "select=", "nodes=", "\x80", "\xFF"};
  std::mt19937 random(7);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random()) % n; };
  std::size_t readable = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string script(kSeeds[below(std::size(kSeeds))]);
    for (std::size_t n = below(8); n > 0; --n) {
      const std::size_t at = below(script.size());
      switch (below(4)) {
        case 0:
          script[at] = static_cast<char>(below(256));
          break;
        case 1:
          script.erase(at, below(12));
          break;
        case 2:
          script.insert(at, kPieces[below(std::size(kPieces))]);
          break;
        default:
          script.insert(at, script.substr(below(script.size()), below(20)));
      }
      if (script.empty()) script = "#";
    }
    const auto parsed = parse_script(script);
    if (!parsed) {
      REQUIRE(!parsed.error().empty());
      REQUIRE(parsed.error().size() <= kMostRemarks);
      continue;
    }
    ++readable;
    REQUIRE(parsed->completions >= 1);
    REQUIRE(parsed->completions <= kMostCompletions);
    REQUIRE(parsed->parallelism >= 1);
    for (const Estimate& estimate : parsed->estimates) {
      REQUIRE(!estimate.value.empty());
      REQUIRE(estimate.place.line > 0);
    }
  }
  CHECK(readable > 1000);
}

}  // namespace
}  // namespace plimsoll::batch_script
