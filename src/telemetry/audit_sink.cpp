#include "plimsoll/telemetry/audit_sink.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace plimsoll::telemetry {

namespace {

// A record is to be on disk within a second; at 5,000 a second this gathers a hundred.
constexpr std::chrono::milliseconds kBatchDelay{20};

}  // namespace

class AuditSink::Writer {
 public:
  Writer(std::shared_ptr<spdlog::logger> out, std::size_t limit) : out_(std::move(out)), limit_(limit) {
    out_->set_pattern("%v");
    out_->set_level(spdlog::level::info);
    out_->set_error_handler([this](const std::string&) { dropped_.fetch_add(1, std::memory_order_relaxed); });
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
    bool was_empty = false;
    {
      const std::lock_guard lock(mutex_);
      if (queue_.size() >= limit_ || queued_bytes_ + record.input.size() > kAuditQueueBytes) {
        dropped_.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      was_empty = queue_.empty();
      queued_bytes_ += record.input.size();
      queue_.push_back(std::move(record));
    }
    // A writer that has work is awake already.
    if (was_empty) wake_.notify_one();
  }

  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void run() {
    std::vector<audit::Record> batch;
    while (true) {
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        // One waking and one flush for all that come within the moment: under load each would cost as much as the line.
        wake_.wait_for(lock, kBatchDelay, [this] { return stopping_; });
        batch.swap(queue_);
        queued_bytes_ = 0;
      }
      for (const audit::Record& record : batch) out_->info(audit::encode_record(record));
      out_->flush();
      batch.clear();
    }
  }

  std::shared_ptr<spdlog::logger> out_;
  std::size_t limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<audit::Record> queue_;
  std::size_t queued_bytes_ = 0;
  bool stopping_ = false;
  std::atomic<std::uint64_t> dropped_{0};
  std::thread thread_;
};

Result<AuditSink> AuditSink::open(const std::string& path, std::size_t queue_limit) {
  try {
    std::shared_ptr<spdlog::sinks::sink> sink;
    if (path == "-") {
      // Not the _mt sink: it shares a mutex with the log's, and a reader of standard output that pauses would stop
      // whoever logs. Only the writer's thread uses this one.
      sink = std::make_shared<spdlog::sinks::stdout_sink_st>();
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path);
    }
    return AuditSink(std::make_unique<Writer>(std::make_shared<spdlog::logger>("audit", std::move(sink)), queue_limit));
  } catch (const std::exception& error) {
    return fail(ErrorCode::Io, error.what(), path);
  }
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

std::uint64_t AuditSink::dropped() const {
  return writer_->dropped();
}

}  // namespace plimsoll::telemetry
