#include "plimsoll/telemetry/audit_sink.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "audit_file.hpp"
#include "plimsoll/audit/chain.hpp"
#include "plimsoll/digest/digest.hpp"
#include "plimsoll/telemetry/log.hpp"

namespace plimsoll::telemetry {

namespace {

// A record that waits holds some 35 KB, so they are not gathered for long; at 5,000 a second this is ten to a waking.
constexpr std::chrono::milliseconds kBatchDelay{2};
// Lines are gathered to this size before they are written.
constexpr std::size_t kPieceSize = std::size_t{1} << 20;
// What a chain adds to a line (some 220 bytes), and an event behind it.
constexpr std::size_t kChainRoom = 640;

TimePoint now() {
  return std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
}

std::string make_chain_name() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device random;
  std::string name;
  for (int i = 0; i < 16; ++i) name += kDigits[random() & 0xFU];
  return name;
}

// Lines on their way to the file. A line counts when all of it has arrived; the chain goes on from the last that has.
class Lines {
 public:
  Lines(AuditFile file, const AuditOptions& options, std::atomic<std::uint64_t>& dropped)
      : file_(std::move(file)), options_(options), dropped_(dropped) {}

  void begin() {
    const AuditFile::Tail tail = file_.read_tail();
    torn_ = tail.unfinished;
    if (!is_chained()) return;
    // A whole line that lacks nothing but its line break is none that is torn.
    auto last = audit::read_link(torn_, options_.chain_key);
    if (last) {
      lacks_break_ = true;
      torn_.clear();
    } else {
      last = audit::read_link(tail.last_line, options_.chain_key);
    }
    written_ = last ? *last : audit::make_first_link(make_chain_name());
    last_ = written_;
    add_event(audit::Event::Kind::Start);
  }

  void add(const audit::Record& record) {
    tell_lost();
    std::string line = audit::encode_record(record, options_.input);
    rotate_before(line.size() + 1 + (is_chained() ? kChainRoom : 0));
    append(std::move(line), Counted::Yes);
    if (text_.size() >= kPieceSize) flush();
  }

  /// Before the records of a moment: the file may have been rotated by somebody else.
  void follow() {
    const AuditFile::Change change = file_.follow();
    if (change == AuditFile::Change::None) return;
    forget_unfinished();
    if (!is_chained()) return;
    add_event(change == AuditFile::Change::Replaced ? audit::Event::Kind::Rotated : audit::Event::Kind::Resumed);
  }

  void end() {
    tell_lost();
    if (is_chained()) add_event(audit::Event::Kind::Stop);
    flush();
  }

  void flush() {
    if (text_.empty()) return;
    const AuditFile::Written written = file_.append(text_);
    if (written.error == 0) {
      written_ = last_;
      told_ = marks_.back().told;
      forget_unfinished();
      say_recovered();
    } else {
      keep_whole_lines(written);
    }
    text_.clear();
    marks_.clear();
  }

 private:
  enum class Counted { No, Yes };
  struct Mark {
    std::size_t end;     // of the line in text_
    audit::Link link;    // its place in the chain
    std::uint64_t told;  // lost records that the log tells of up to here
    Counted counted;
  };

  bool is_chained() const { return options_.chaining == Chaining::Hashes; }

  void append(std::string line, Counted counted) {
    // What was left unfinished becomes a line of its own.
    if (text_.empty() && (lacks_break_ || (!torn_.empty() && !torn_.ends_with('\n')))) text_ += '\n';
    text_ += is_chained() ? audit::seal(std::move(line), last_, options_.chain_key) : std::move(line);
    text_ += '\n';
    marks_.push_back({text_.size(), last_, telling_, counted});
  }

  void add_event(audit::Event::Kind kind, std::uint64_t lost = 0) {
    audit::Event event{.kind = kind, .time = now(), .lost = lost, .torn = {}};
    if (text_.empty() && !torn_.empty()) {
      const std::string_view torn = torn_;
      event.torn = digest::sha256_hex(torn.ends_with('\n') ? torn.substr(0, torn.size() - 1) : torn);
    }
    append(audit::encode_event(event), Counted::No);
  }

  // The chain tells of what it does not hold.
  void tell_lost() {
    if (!is_chained()) return;
    if (text_.empty() && !torn_.empty()) add_event(audit::Event::Kind::Resumed);
    const std::uint64_t lost = dropped_.load(std::memory_order_relaxed);
    if (lost == telling_) return;
    const std::uint64_t more = lost - telling_;
    telling_ = lost;
    add_event(audit::Event::Kind::Lost, more);
  }

  void rotate_before(std::size_t line) {
    if (!file_.is_full_with(text_.size(), line)) return;
    flush();
    if (!file_.is_full_with(0, line)) return;
    if (const Result<void> rotated = file_.rotate(); !rotated) {
      if (!is_stuck_) log(Level::Warning, "audit log cannot be rotated", {{"why", rotated.error().message}});
      is_stuck_ = true;
      return;
    }
    is_stuck_ = false;
    forget_unfinished();
    if (is_chained()) add_event(audit::Event::Kind::Rotated);
  }

  // The disk is full, or the reader has gone.
  void keep_whole_lines(const AuditFile::Written& written) {
    std::size_t whole = 0;
    // A line that lacks nothing but its line break has arrived too.
    while (whole < marks_.size() && marks_[whole].end - 1 <= written.bytes) ++whole;
    const std::size_t end = whole == 0 ? 0 : marks_[whole - 1].end;
    if (whole > 0) {
      written_ = marks_[whole - 1].link;
      told_ = marks_[whole - 1].told;
      forget_unfinished();
    }
    if (written.bytes < end) {
      lacks_break_ = true;
    } else if (written.bytes > end && !file_.take_back(written.bytes - end)) {
      const std::size_t begin = lacks_break_ ? end + 1 : end;
      torn_.append(text_, begin, written.bytes - begin);
      lacks_break_ = false;
    }
    std::uint64_t lost = 0;
    for (std::size_t i = whole; i < marks_.size(); ++i)
      lost += marks_[i].counted == Counted::Yes ? std::uint64_t{1} : std::uint64_t{0};
    dropped_.fetch_add(lost, std::memory_order_relaxed);
    last_ = written_;
    telling_ = told_;
    if (!is_failing_) {
      log(Level::Error, "audit log cannot be written: records are lost", {{"why", std::strerror(written.error)}});
    }
    is_failing_ = true;
  }

  void forget_unfinished() {
    torn_.clear();
    lacks_break_ = false;
  }

  void say_recovered() {
    if (!is_failing_) return;
    is_failing_ = false;
    log(Level::Warning, "audit log is written again",
        {{"auditDropped", static_cast<std::int64_t>(dropped_.load(std::memory_order_relaxed))}});
  }

  AuditFile file_;
  const AuditOptions& options_;
  std::atomic<std::uint64_t>& dropped_;
  std::string text_;
  std::vector<Mark> marks_;
  audit::Link last_;     // of the last line in text_
  audit::Link written_;  // of the last line in the file
  std::uint64_t telling_ = 0;
  std::uint64_t told_ = 0;
  std::string torn_;          // what stands behind the last whole line: a piece of one, or of several that were tried
  bool lacks_break_ = false;  // the last line there is whole but for its line break
  bool is_failing_ = false;
  bool is_stuck_ = false;
};

}  // namespace

class AuditSink::Writer {
 public:
  Writer(AuditFile file, AuditOptions options)
      : options_(std::move(options)), lines_(std::move(file), options_, dropped_) {
    queue_.reserve(64);
    thread_ = std::thread([this] { run(); });
  }

  ~Writer() { finish(); }

  void finish() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void enqueue(audit::Record record) {
    const std::size_t weight = audit::weigh(record);
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.size() >= options_.queue_limit || queued_bytes_ + weight > options_.queue_bytes) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      was_empty = queue_.empty();
      queued_bytes_ += weight;
      queue_.push_back(std::move(record));
    }
    // A writer that has work is awake already.
    if (was_empty) wake_.notify_one();
  }

  audit::RecordedInput input() const { return options_.input; }
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void run() {
    lines_.begin();
    lines_.flush();
    std::vector<audit::Record> batch;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return lines_.end();
        // One waking and one write for all that come within the moment: under load each would cost as much as the line.
        wake_.wait_for(lock, kBatchDelay, [this] { return stopping_; });
        batch.swap(queue_);
        queued_bytes_ = 0;
      }
      lines_.follow();
      for (const audit::Record& record : batch) lines_.add(record);
      lines_.flush();
      batch.clear();
    }
  }

  AuditOptions options_;
  std::atomic<std::uint64_t> dropped_{0};
  Lines lines_;  // of the writer's thread alone
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<audit::Record> queue_;
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

Result<AuditSink> AuditSink::open(AuditOptions options) {
  const auto writers = options.chaining == Chaining::None ? AuditFile::Writers::Many : AuditFile::Writers::One;
  PLIMSOLL_TRY(file, AuditFile::open(options.path, {options.max_size, options.max_backups}, writers));
  return AuditSink(std::make_unique<Writer>(std::move(file), std::move(options)));
}

AuditSink::AuditSink(std::unique_ptr<Writer> writer) : writer_(std::move(writer)) {}
AuditSink::AuditSink(AuditSink&&) noexcept = default;
AuditSink& AuditSink::operator=(AuditSink&&) noexcept = default;
AuditSink::~AuditSink() = default;

void AuditSink::enqueue(audit::Record record) {
  writer_->enqueue(std::move(record));
}

void AuditSink::finish() {
  writer_->finish();
}

audit::RecordedInput AuditSink::input() const {
  return writer_->input();
}

std::uint64_t AuditSink::dropped() const {
  return writer_->dropped();
}

}  // namespace plimsoll::telemetry
