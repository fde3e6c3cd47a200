#include "directives.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "plimsoll/base/text.hpp"

namespace plimsoll::batch_script {
namespace {

constexpr std::string_view kSlurm = "#SBATCH";
constexpr std::string_view kPbs = "#PBS";
constexpr std::string_view kBlank = " \t\r\f\v";

void add(std::vector<Remark>& to, Place place, std::string_view subject, std::string text) {
  if (to.size() < kMostRemarks) to.push_back({place, to_display(subject), std::move(text)});
}

std::string_view trimmed_left(std::string_view text) {
  return text.substr(std::min(text.find_first_not_of(kBlank), text.size()));
}

// The lines of a text, without their ends, "\r\n" among them.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  bool next(std::string_view& line) {
    if (rest_.empty()) return false;
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    ++number_;
    return true;
  }
  [[nodiscard]] std::size_t number() const { return number_; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

bool has_prefix(std::string_view line, std::string_view prefix) {
  if (!line.starts_with(prefix)) return false;
  const std::string_view rest = line.substr(prefix.size());
  return rest.empty() || rest.front() == '-' || kBlank.find(rest.front()) != std::string_view::npos;
}

// Slurm wants its prefix at the beginning of the line, PBS allows blanks before it.
std::optional<Scheduler> find_scheduler(std::string_view line) {
  if (has_prefix(line, kSlurm)) return Scheduler::Slurm;
  if (has_prefix(trimmed_left(line), kPbs)) return Scheduler::Pbs;
  return std::nullopt;
}

// "# SBATCH", " #SBATCH", "#sbatch": comments to Slurm, and hardly meant as such. "##SBATCH" is how one is put aside.
bool is_near_miss(std::string_view line) {
  std::string_view rest = trimmed_left(line);
  if (!rest.starts_with('#') || rest.starts_with("##")) return false;
  rest = trimmed_left(rest.substr(1));
  const std::size_t end = std::min(rest.find_first_of(" \t"), rest.size());
  if (!trimmed_left(rest.substr(end)).starts_with('-')) return false;  // a sentence that begins with the word
  std::string word(rest.substr(0, end));
  for (char& c : word) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return word == kSlurm.substr(1) || word == kPbs.substr(1);
}

std::string_view prefix_of(Scheduler scheduler) {
  return scheduler == Scheduler::Slurm ? kSlurm : kPbs;
}

// Divides what stands behind the prefix, as both schedulers do: blanks divide, quotes and backslashes join, an unquoted
// `#` begins a comment. Gives whether the last character was a lone backslash.
bool read_words(std::string_view line, Place at, std::vector<Word>& words, Findings& findings) {
  std::string_view rest = line;
  while (true) {
    rest = trimmed_left(rest);
    if (rest.empty() || rest.front() == '#') return false;
    const std::string_view begin = rest;
    Word word{{}, {at.line, at.column + (line.size() - rest.size())}};
    char quote = 0;
    for (; !rest.empty(); rest.remove_prefix(1)) {
      const char c = rest.front();
      if (c == '\\') {
        rest.remove_prefix(1);
        if (rest.empty()) {
          if (!word.text.empty()) words.push_back(std::move(word));
          return true;
        }
        word.text += rest.front();
      } else if (quote != 0) {
        if (c == quote) {
          quote = 0;
        } else {
          word.text += c;
        }
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '#' || kBlank.find(c) != std::string_view::npos) {
        break;
      } else {
        word.text += c;
      }
    }
    if (quote != 0) findings.refuse(word.place, begin, std::string("has no closing ") + quote);
    words.push_back(std::move(word));
  }
}

const Option* find_option(std::string_view name, std::span<const Option> known) {
  const Option* found = nullptr;
  for (const Option& option : known) {
    if (option.name == name) return &option;
    if (name.empty() || !option.name.starts_with(name)) continue;
    if (found != nullptr) return nullptr;
    found = &option;
  }
  return found;
}

const Option* find_option(char letter, std::span<const Option> known) {
  const auto found = std::ranges::find(known, letter, &Option::letter);
  return found == known.end() || letter == 0 ? nullptr : &*found;
}

// Reads the words of one line.
class OptionReader {
 public:
  OptionReader(std::span<const Word> words, std::span<const Option> known, Findings& findings, std::vector<Given>& out)
      : words_(words), known_(known), findings_(findings), out_(out) {}

  void run() && {
    for (; at_ < words_.size(); ++at_) {
      const std::string_view text = words_[at_].text;
      if (text.starts_with("--") && text.size() > 2) {
        read_long(words_[at_], text.substr(2));
      } else if (text.starts_with('-') && text.size() > 1 && text != "--") {
        read_short(words_[at_], text.substr(1));
      } else {
        findings_.warn(words_[at_].place, text, "is no option, and is not read");
      }
    }
  }

 private:
  void read_long(const Word& word, std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const Option* option = find_option(name, known_);
    if (option == nullptr) return refuse_unknown(word, name);
    if (equals != std::string_view::npos) {
      if (option->takes == Takes::Nothing) return findings_.refuse(word.place, word.text, "takes no value");
      return take(*option, std::string(text.substr(equals + 1)), word.text, word.place);
    }
    if (option->takes == Takes::Value) return take_next(*option, word);
    take(*option, {}, word.text, word.place);
  }

  void read_short(const Word& word, std::string_view letters) {
    while (!letters.empty()) {
      const Option* option = find_option(letters.front(), known_);
      if (option == nullptr) return findings_.refuse(word.place, word.text, "is an option that is not known");
      letters.remove_prefix(1);
      if (option->takes == Takes::Nothing) {
        take(*option, {}, word.text, word.place);
        continue;
      }
      // Whatever follows the letter is its value.
      if (!letters.empty() || option->takes == Takes::MaybeValue) {
        return take(*option, std::string(letters), word.text, word.place);
      }
      return take_next(*option, word);
    }
  }

  void take_next(const Option& option, const Word& word) {
    if (at_ + 1 == words_.size()) return findings_.refuse(word.place, word.text, "needs a value");
    ++at_;
    take(option, words_[at_].text, word.text + " " + words_[at_].text, word.place);
  }

  void take(const Option& option, std::string value, std::string_view text, Place place) {
    if (!option.why.empty()) return findings_.leave(place, text, std::string(option.why));
    if (option.takes == Takes::Value && value.empty()) return findings_.refuse(place, text, "needs a value");
    out_.push_back({&option, std::move(value), to_display(text), place});
  }

  void refuse_unknown(const Word& word, std::string_view name) {
    std::vector<std::string_view> names;
    std::string longer;
    std::optional<std::string_view> meant;
    for (const Option& option : known_) {
      if (option.name.empty()) continue;
      names.push_back(option.name);
      if (!name.empty() && option.name.starts_with(name)) longer += " --" + std::string(option.name);
      if (name.starts_with(option.name)) meant = option.name;  // --memory
    }
    if (!longer.empty()) return findings_.refuse(word.place, word.text, "could be any of:" + longer);
    if (const auto like = nearest(name, names, std::min<std::size_t>(3, name.size() / 3))) meant = like;
    findings_.refuse(word.place, word.text,
                     meant ? "is an option that is not known: did you mean \"--" + std::string(*meant) + "\"?"
                           : "is an option that is not known");
  }

  std::span<const Word> words_;
  std::span<const Option> known_;
  Findings& findings_;
  std::vector<Given>& out_;
  std::size_t at_ = 0;
};

}  // namespace

void Findings::refuse(Place place, std::string_view subject, std::string text) {
  add(problems, place, subject, std::move(text));
}
void Findings::warn(Place place, std::string_view subject, std::string text) {
  add(warnings, place, subject, std::move(text));
}
// A directive that is not translated is the answer to a line that its author wrote: none is dropped.
void Findings::leave(Place place, std::string_view subject, std::string text) {
  untranslated.push_back({place, to_display(subject), std::move(text)});
}

// Source: sbatch(1), "#SBATCH"; qsub(1B), "Directives"; that Slurm joins no lines and takes quotes and `#` as here:
// src/sbatch/opt.c.
Directives find_directives(std::string_view text, Findings& findings) {
  Directives out;
  std::optional<Scheduler> scheduler;
  std::size_t first_command = 0;
  bool is_joined = false;     // PBS: this line goes on with the directive of the one before
  bool is_component = false;  // Slurm: the components of a heterogeneous job after the first
  Lines lines(text);
  for (std::string_view line; lines.next(line);) {
    const Place place{lines.number(), 1};
    const auto found = find_scheduler(line);
    if (!found && !is_joined) {
      const std::string_view rest = trimmed_left(line);
      const bool is_command = !rest.empty() && rest.front() != '#' && !(place.line == 1 && rest.front() == ':');
      if (is_command && first_command == 0) first_command = place.line;
      if (first_command == 0 && is_near_miss(line)) {
        findings.warn(place, line, "is a comment: a directive begins with #SBATCH or #PBS, without blanks");
      }
      continue;
    }
    if (first_command != 0) {
      findings.warn(place, line,
                    "is not read: it stands after the first command, on line " + std::to_string(first_command));
      continue;
    }
    if (found && scheduler && *found != *scheduler) {
      findings.warn(place, line, "is not read: the first directive is a " + std::string(prefix_of(*scheduler)));
      continue;
    }
    if (found) scheduler = found;
    const std::size_t prefix = found ? line.find(prefix_of(*found)) + prefix_of(*found).size() : 0;
    std::vector<Word> words;
    const bool goes_on = read_words(line.substr(prefix), {place.line, prefix + 1}, words, findings);
    if (goes_on && scheduler == Scheduler::Slurm) {
      findings.warn(place, line, "ends with a backslash, but sbatch joins no lines: the next is read for itself");
    }
    if (words.size() == 1 && (words[0].text == "hetjob" || words[0].text == "packjob")) {
      is_component = true;
      findings.leave(words[0].place, words[0].text,
                     "what follows is another component of the job, of another size: import it as a Job of its own");
    } else if (is_component) {
      findings.leave(place, line, "belongs to another component of the job");
    } else if (is_joined && !out.lines.empty()) {
      std::ranges::move(words, std::back_inserter(out.lines.back()));
    } else {
      out.lines.push_back(std::move(words));
    }
    is_joined = goes_on && scheduler == Scheduler::Pbs;
  }
  out.scheduler = scheduler.value_or(Scheduler::Slurm);
  return out;
}

std::vector<Given> read_options(const Directives& directives, std::span<const Option> known, Findings& findings) {
  std::vector<Given> out;
  for (const std::vector<Word>& words : directives.lines) OptionReader(words, known, findings, out).run();
  return out;
}

}  // namespace plimsoll::batch_script
