// The hash chain: each line of the audit log names the hash of the line before it, so that one that was changed,
// removed, inserted or moved is found.
//
//   {"v":1,…,"latencyUs":78,"chain":"3f9c2a7e61d04b58","seq":17,"previous":"<64 digits>","hash":"<64 digits>"}
//
// A line's hash is that of all its bytes before `,"hash":`, so that anybody can compute it with sha256sum. Without a
// key whoever can rewrite the whole tail can also compute it anew; with one (HMAC-SHA-256) only who has the key can.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plimsoll/base/time.hpp"

namespace plimsoll::audit {

/// A place in a chain: the line that was written last.
struct Link {
  std::string chain;      ///< 16 hexadecimal digits that name the chain
  std::uint64_t seq = 0;  ///< number of that line, from 1; 0: none yet
  std::string hash;       ///< of that line; of none yet, zeros

  bool operator==(const Link&) const = default;
};

/// Where the chain `name` begins. Requires: 16 hexadecimal digits.
[[nodiscard]] Link make_first_link(std::string name);

/// The place of `line` in its chain; nothing when it carries none, or its hash is not the one that `key` gives.
[[nodiscard]] std::optional<Link> read_link(std::string_view line, std::string_view key);

/// `line`, a JSON object, with chain, seq, previous and hash as its last members; `last` moves on to it. `key`: empty
/// for SHA-256, else that of the HMAC.
[[nodiscard]] std::string seal(std::string line, Link& last, std::string_view key);

/// What a log tells of itself, between its records. Every file and every start of the server begins with a Start.
struct Event {
  enum class Kind {
    Start,    ///< the server starts
    Rotated,  ///< a new file takes over
    Resumed,  ///< the file was cut, or a line could not be finished
    Lost,     ///< `lost` records before this line could not be queued or written
    Stop      ///< the server stops, and all it had is written
  };
  Kind kind = Kind::Start;
  TimePoint time;
  std::uint64_t lost = 0;  ///< of Lost
  /// SHA-256 of what stands unfinished before this one, without its last line break; empty: there is nothing.
  std::string torn = {};
};

/// One line of JSON, without the line break.
[[nodiscard]] std::string encode_event(const Event& event);

/// Whether `line` is an event's: to readers of records it says nothing.
[[nodiscard]] bool is_event(std::string_view line);

struct SealedLine;

struct ChainFault {
  std::size_t line = 0;  ///< from 1
  std::string what;
};

/// What the lines of one file say.
struct ChainReport {
  std::size_t lines = 0;
  std::size_t uncovered = 0;   ///< lines before the first that is chained
  std::optional<Link> before;  ///< the line that the first chained line follows; its seq is 0 where a chain begins
  std::size_t first_line = 0;  ///< the first chained line
  std::optional<Link> last;    ///< the last that is in order
  bool is_closed = false;      ///< it ends with the server's Stop
  std::uint64_t lost = 0;      ///< records that the server says it lost
  std::vector<std::string> notes;
  std::optional<ChainFault> fault;  ///< the first
};

/// Reads one file's lines in their order and reports on them.
class ChainReader {
 public:
  /// `key`: empty for SHA-256, else that of the HMAC.
  explicit ChainReader(std::string key = {});

  enum class End { LineBreak, OfFile };
  /// `line` without its line break; `end` is what followed it.
  void read(std::string_view line, End end = End::LineBreak);
  [[nodiscard]] ChainReport finish() &&;

 private:
  void read_sealed(const SealedLine& sealed, std::string_view line);
  void read_unsealed(std::string_view line, End end);
  void settle_unsealed(const SealedLine& next, std::string_view torn);
  void look_for_missing(const SealedLine& sealed);
  void fault(std::size_t line, std::string what);

  std::string key_;
  ChainReport report_;
  /// Lines without a hash: what comes next tells what became of them.
  struct Unsealed {
    std::size_t line;  ///< the first
    std::string text;
  };
  std::optional<Unsealed> unsealed_;
  /// Where lines are missing that may yet come in another place.
  struct Gap {
    std::size_t line;
    std::uint64_t seq;  ///< found there
  };
  std::optional<Gap> gap_;
};

/// Files that belong to one chain, in their order: where one does not continue the one before it, its index and why.
struct BrokenJoint {
  std::size_t file;
  std::string what;
};
/// Requires: no report has a fault.
[[nodiscard]] std::vector<BrokenJoint> find_broken_joints(std::span<const ChainReport> files);

}  // namespace plimsoll::audit
