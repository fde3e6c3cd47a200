// From text to options: which lines are directives, how they divide into words, and which options those name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/batch_script/batch_script.hpp"

namespace plimsoll::batch_script {

/// What is found on the way, in three sorts. Problems and warnings beyond kMostRemarks are dropped.
struct Findings {
  std::vector<Remark> problems;
  std::vector<Remark> warnings;
  std::vector<Remark> untranslated;

  void refuse(Place place, std::string_view subject, std::string text);
  void warn(Place place, std::string_view subject, std::string text);
  void leave(Place place, std::string_view subject, std::string text);
};

struct Word {
  std::string text;  ///< without quotes and escapes
  Place place;
};

struct Directives {
  Scheduler scheduler = Scheduler::Slurm;
  std::vector<std::vector<Word>> lines;  ///< what stands behind `#SBATCH` on each line
};

/// The directives that the scheduler would read: those before the script's first command.
[[nodiscard]] Directives find_directives(std::string_view text, Findings& findings);

enum class Takes { Nothing, Value, MaybeValue };

/// One option of sbatch or qsub.
struct Option {
  std::string_view name;  ///< of a long option; empty: it has none
  char letter;            ///< of a short one; 0: it has none
  Takes takes;
  std::string_view why = {};  ///< it is not translated; empty: it is
};

/// An option as a script gives it.
struct Given {
  const Option* option;
  std::string value;
  std::string text;  ///< "--mem=4G", "-l walltime=1:00:00", fit for display
  Place place;
};

/// Reads words as getopt_long(3) does: `--name=value`, `--name value`, a unique beginning of a name, `-c4`, `-c 4`,
/// flags joined. The options that are not translated are among `findings`, the others are returned.
[[nodiscard]] std::vector<Given> read_options(const Directives& directives, std::span<const Option> known,
                                              Findings& findings);

}  // namespace plimsoll::batch_script
