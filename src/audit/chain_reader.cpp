// Reading a chain: what is wrong is told by the first line that does not follow, and by what stands around it.

#include <algorithm>

#include "chain_line.hpp"
#include "plimsoll/digest/digest.hpp"
#include "plimsoll/json/document.hpp"

namespace plimsoll::audit {
namespace {

// Longer than the pieces of a few records can be.
constexpr std::size_t kMostTorn = std::size_t{64} << 20;

struct ReadEvent {
  std::string kind;  ///< empty: the line is a record
  std::string torn;
  std::uint64_t lost = 0;
};

ReadEvent read_event(std::string_view line) {
  if (!is_event(line)) return {};
  const Result<json::Document> document = json::Document::parse(std::string(line));
  if (!document) return {};
  const json::View root = document->root();
  const std::int64_t count = root["count"].integer().value_or(0);
  return {.kind = std::string(root["event"].text().value_or("")),
          .torn = std::string(root["torn"].text().value_or("")),
          .lost = count > 0 ? static_cast<std::uint64_t>(count) : 0};
}

bool may_begin_a_file(const ReadEvent& event) {
  return event.kind == "start" || event.kind == "rotated" || event.kind == "resumed";
}

std::string count_of(std::uint64_t lines) {
  return lines == 1 ? "a line is" : std::to_string(lines) + " lines are";
}

std::string numbers(std::uint64_t first, std::uint64_t last) {
  return first == last ? "number " + std::to_string(first)
                       : "numbers " + std::to_string(first) + " to " + std::to_string(last);
}

// Where a chain begins, nothing came before.
bool begins_chain(const SealedLine& sealed) {
  return sealed.link.seq == 1 && sealed.previous == make_first_link(sealed.link.chain).hash;
}

}  // namespace

// A record goes on with its uid, and inside a text quotation marks are escaped.
bool is_event(std::string_view line) {
  constexpr std::string_view kTime = R"({"v":1,"time":")";
  if (!line.starts_with(kTime)) return false;
  const std::size_t end = line.find('"', kTime.size());
  return end != std::string_view::npos && line.substr(end).starts_with(R"(","event":")");
}

ChainReader::ChainReader(std::string key) : key_(std::move(key)) {}

void ChainReader::fault(std::size_t line, std::string what) {
  if (!report_.fault) report_.fault = ChainFault{line, std::move(what)};
}

void ChainReader::read(std::string_view line, End end) {
  ++report_.lines;
  if (report_.fault) return;
  const auto sealed = read_seal(line);
  if (gap_) {
    if (sealed) look_for_missing(*sealed);
    return;
  }
  if (sealed) {
    read_sealed(*sealed, line);
  } else {
    read_unsealed(line, end);
  }
}

void ChainReader::read_unsealed(std::string_view line, End end) {
  if (unsealed_) {
    // A disk that fills up again and again leaves several that could not be finished, named together.
    if (end == End::LineBreak && unsealed_->text.size() + line.size() < kMostTorn) {
      unsealed_->text.append("\n").append(line);
      return;
    }
    return fault(unsealed_->line, "carries no hash: changed, inserted, or written without the chain");
  }
  if (end == End::OfFile) return fault(report_.lines, "is torn: the file ends inside it");
  if (!report_.last) {
    ++report_.uncovered;
    return;
  }
  unsealed_ = Unsealed{report_.lines, std::string(line)};
}

// The server names what it could not finish; any other line without a hash should not be there.
void ChainReader::settle_unsealed(const SealedLine& next, std::string_view torn) {
  const Unsealed unsealed = *unsealed_;
  unsealed_.reset();
  const Link& last = *report_.last;
  const bool is_one = unsealed.text.find('\n') == std::string::npos;
  if (!torn.empty() && torn == digest::sha256_hex(unsealed.text)) {
    report_.notes.push_back("line " + std::to_string(unsealed.line) +
                            " is torn: it could not be finished, as the next line says");
  } else if (is_one && next.link.seq == last.seq + 1 && next.previous == last.hash) {
    fault(unsealed.line, "is inserted: the chain passes it by");
  } else if (is_one && next.link.seq == last.seq + 2) {
    fault(unsealed.line, "is changed: it has lost its hash");
  } else {
    fault(unsealed.line, "carries no hash: changed, inserted, or written without the chain");
  }
}

void ChainReader::read_sealed(const SealedLine& sealed, std::string_view line) {
  const std::size_t here = report_.lines;
  if (hash_of(sealed.hashed, key_) != sealed.link.hash) {
    const bool is_first = !report_.last;
    return fault(here, key_.empty() ? "is changed: its hash is another one"
                       : is_first   ? "is changed, or was written with another key or without one"
                                    : "is changed: its hash is another one");
  }
  const ReadEvent event = read_event(line);
  if (unsealed_) settle_unsealed(sealed, event.torn);
  if (report_.fault) return;

  if (!report_.last) {
    if (!may_begin_a_file(event)) {
      return fault(here, "lines before it are removed: the server begins a file with an event, and this is none");
    }
    if (report_.uncovered > 0 && !begins_chain(sealed)) {
      return fault(here - 1, "is changed: it has lost its hash, which the next line names");
    }
    report_.first_line = here;
    report_.before = Link{sealed.link.chain, sealed.link.seq - 1, sealed.previous};
  } else if (sealed.link.chain != report_.last->chain) {
    if (!begins_chain(sealed) || event.kind != "start") return fault(here, "is of another chain");
    report_.notes.push_back("line " + std::to_string(here) +
                            " begins another chain: what stood right before it could be missing unseen");
  } else {
    const std::uint64_t expected = report_.last->seq + 1;
    if (sealed.link.seq > expected) {
      // Removed, unless it comes later.
      gap_ = Gap{here, sealed.link.seq};
      return;
    }
    if (sealed.link.seq < expected) {
      return fault(here, "is out of order: it is number " + std::to_string(sealed.link.seq) + " and follows number " +
                             std::to_string(report_.last->seq));
    }
    if (sealed.previous != report_.last->hash) {
      return fault(here - 1, "is changed, with a hash made anew: the next line knows another one");
    }
  }
  report_.last = sealed.link;
  report_.is_closed = event.kind == "stop";
  report_.lost += event.lost;
}

// A line with the number that was missing, somewhere behind: the lines changed places.
void ChainReader::look_for_missing(const SealedLine& sealed) {
  if (sealed.link.chain != report_.last->chain || sealed.link.seq != report_.last->seq + 1) return;
  fault(report_.lines, "is out of order: it is number " + std::to_string(sealed.link.seq) +
                           " and stands behind number " + std::to_string(gap_->seq));
}

ChainReport ChainReader::finish() && {
  if (unsealed_) fault(unsealed_->line, "carries no hash: changed, inserted, or written without the chain");
  if (gap_ && !report_.fault) {
    const std::uint64_t first = report_.last->seq + 1;
    fault(gap_->line,
          count_of(gap_->seq - first) + " removed before it (" + numbers(first, gap_->seq - 1) + " of the chain)");
  }
  return std::move(report_);
}

std::vector<BrokenJoint> find_broken_joints(std::span<const ChainReport> files) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (files[i].last) order.push_back(i);
  }
  // A file may end in another chain than it began with; what counts is how it begins.
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return files[i].before->seq; });
  std::vector<BrokenJoint> broken;
  for (const std::size_t later : order) {
    const Link& wanted = *files[later].before;
    if (wanted.seq == 0) continue;
    const ChainReport* nearest = nullptr;
    for (const std::size_t earlier : order) {
      if (earlier == later) break;
      if (files[earlier].last->chain == wanted.chain) nearest = &files[earlier];
    }
    if (nearest == nullptr || *nearest->last == wanted) continue;
    const std::uint64_t reached = nearest->last->seq;
    if (reached < wanted.seq) {
      broken.push_back({later, count_of(wanted.seq - reached) + " missing before it (" +
                                   numbers(reached + 1, wanted.seq) +
                                   " of the chain): removed, or in a file not given"});
    } else if (reached == wanted.seq) {
      broken.push_back({later, "does not continue the file before it, whose last line has another hash"});
    } else {
      broken.push_back({later, "begins with number " + std::to_string(wanted.seq + 1) +
                                   " of the chain, which another file holds too"});
    }
  }
  return broken;
}

}  // namespace plimsoll::audit
