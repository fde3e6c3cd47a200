// An open load over TLS: requests leave at their times, whatever became of those before, on connections that are kept.
//
//   plimsoll_load PORT RATE SECONDS CONNECTIONS REQUEST ANSWER
//
// REQUEST and ANSWER are files that hold the bytes of a request and of the body it has to get, both with kUid wherever
// a uid stands; each request has one of its own, and each answer is compared byte by byte. RATE 0 is a closed load:
// each connection asks again when it has its answer. Prints "asking" when all are connected, "asked" when the
// last request has left, and after the last answer what was counted, in JSON. Latencies are from before the head is
// written to when the answer is whole.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr std::string_view kUid = "00000000-0000-4000-8000-000000000000";
constexpr std::string_view kRefusal = "more is asked than can be answered in time\n";

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "plimsoll_load: %s\n", why.c_str());
  std::exit(1);
}

std::string load_file(const char* path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) fail(std::string("cannot read ") + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void say(const char* what) {
  std::puts(what);
  std::fflush(stdout);
}

/// Text with kUid in it, and where.
class Template {
 public:
  explicit Template(std::string text) : text_(std::move(text)) {
    for (auto at = text_.find(kUid); at != std::string::npos; at = text_.find(kUid, at + 1)) places_.push_back(at);
  }
  /// Valid until the next call.
  const std::string& with(std::string_view uid) {
    for (const auto at : places_) text_.replace(at, uid.size(), uid);
    return text_;
  }

 private:
  std::string text_;
  std::vector<std::size_t> places_;
};

struct Caller {
  int socket = -1;
  SSL* tls = nullptr;
  std::string uid;
  std::string unsent;
  std::size_t sent = 0;
  std::string received;
  Clock::time_point asked;
  bool is_waiting = false;  // for its answer

  [[nodiscard]] bool has_unsent() const { return sent < unsent.size(); }
};

struct Counts {
  std::vector<double> answered, refused, lag;  // milliseconds
  std::size_t out_of_time = 0;                 // allowed without a patch
  std::size_t wrong = 0, closed = 0;
  std::size_t skipped = 0;  // due while no connection was free
  std::size_t waiting = 0;  // at most at the same time, for their answers
  std::string first_wrong;
};

class Load {
 public:
  Load(std::uint16_t port, std::size_t connections, Template request, Template answer)
      : request_(std::move(request)), answer_(std::move(answer)), poll_(epoll_create1(0)), callers_(connections) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    for (Caller& caller : callers_) {
      connect_to(port, caller, context);
      free_.push_back(&caller);
    }
  }

  void run(double rate, std::chrono::duration<double> length) {
    say("asking");
    const auto began = Clock::now();
    const auto due = [&](std::size_t n) {
      return began + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(double(n) / rate));
    };
    std::size_t number = 0;
    for (auto now = began; now < began + length; now = Clock::now()) {
      if (rate == 0) {
        while (!free_.empty()) ask();
        listen(1);
        continue;
      }
      // Answers are looked at between any two, or they would seem to have come later than they did.
      if (due(number) <= now) {
        counts_.lag.push_back(Milliseconds(now - due(number)).count());
        ++number;
        if (free_.empty())
          ++counts_.skipped;
        else
          ask();
      }
      // The last millisecond is waited for awake: sleeping is not exact.
      listen(due(number) - Clock::now() > std::chrono::milliseconds(2) ? 1 : 0);
    }
    say("asked");
    const auto end = Clock::now() + std::chrono::seconds(10);
    while (free_.size() + counts_.closed < callers_.size()) {
      if (Clock::now() > end) fail(std::to_string(callers_.size() - free_.size()) + " requests were never answered");
      listen(10);
    }
  }

  void print() {
    const auto list = [](const char* name, std::vector<double>& values) {
      std::sort(values.begin(), values.end());
      const auto at = [&](double part) {
        return values.empty() ? 0 : values[std::min(values.size() - 1, std::size_t(double(values.size()) * part))];
      };
      std::printf(R"("%s": {"count": %zu, "p50": %.2f, "p90": %.2f, "p99": %.2f, "max": %.2f}, )", name, values.size(),
                  at(0.5), at(0.9), at(0.99), at(1));
    };
    std::printf("{");
    list("answered", counts_.answered);
    list("refused", counts_.refused);
    list("lag", counts_.lag);
    std::printf(R"("out_of_time": %zu, "wrong": %zu, "closed": %zu, "skipped": %zu, "waiting": %zu})",
                counts_.out_of_time, counts_.wrong, counts_.closed, counts_.skipped, counts_.waiting);
    if (counts_.wrong > 0) std::fprintf(stderr, "the first wrong answer: %s\n", counts_.first_wrong.c_str());
  }

 private:
  void connect_to(std::uint16_t port, Caller& caller, SSL_CTX* context) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    caller.socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    if (::connect(caller.socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      fail("cannot connect");
    ::setsockopt(caller.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    caller.tls = SSL_new(context);
    SSL_set_fd(caller.tls, caller.socket);
    if (SSL_connect(caller.tls) != 1) fail("no TLS");
    ::fcntl(caller.socket, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLET;
    event.data.ptr = &caller;
    ::epoll_ctl(poll_, EPOLL_CTL_ADD, caller.socket, &event);
  }

  void ask() {
    Caller& caller = *free_.front();
    free_.pop_front();
    std::array<char, 13> digits{};
    std::snprintf(digits.data(), digits.size(), "%012zu", ++asked_);
    caller.uid = std::string(kUid.substr(0, 24)) + digits.data();
    caller.unsent = request_.with(caller.uid);
    caller.sent = 0;
    caller.is_waiting = true;
    caller.asked = Clock::now();
    counts_.waiting = std::max(counts_.waiting, callers_.size() - free_.size() - counts_.closed);
    send(caller);
  }

  void send(Caller& caller) {
    while (caller.has_unsent()) {
      const int n = SSL_write(caller.tls, caller.unsent.data() + caller.sent, int(caller.unsent.size() - caller.sent));
      if (n <= 0) return;
      caller.sent += std::size_t(n);
    }
  }

  void listen(int milliseconds) {
    std::array<epoll_event, 64> events{};
    const int n = ::epoll_wait(poll_, events.data(), int(events.size()), milliseconds);
    for (int i = 0; i < n; ++i) hear(*static_cast<Caller*>(events[std::size_t(i)].data.ptr));
  }

  void hear(Caller& caller) {
    if (caller.socket < 0) return;
    const bool was_free = !caller.is_waiting && !caller.has_unsent();
    send(caller);
    std::array<char, 16384> piece;
    int n = 0;
    while ((n = SSL_read(caller.tls, piece.data(), int(piece.size()))) > 0)
      caller.received.append(piece.data(), std::size_t(n));
    const bool is_closed = SSL_get_error(caller.tls, n) != SSL_ERROR_WANT_READ;
    ERR_clear_error();
    if (caller.is_waiting) judge(caller);
    if (is_closed) {
      if (caller.is_waiting) note_wrong("closed without an answer after " + caller.received);
      if (was_free) free_.erase(std::find(free_.begin(), free_.end(), &caller));
      SSL_free(caller.tls);
      ::close(caller.socket);
      caller = {};
      ++counts_.closed;
    } else if (!was_free && !caller.is_waiting && !caller.has_unsent()) {
      free_.push_back(&caller);
    }
  }

  void judge(Caller& caller) {
    const std::string_view all = caller.received;
    const auto head_end = all.find("\r\n\r\n");
    if (head_end == std::string_view::npos) return;
    constexpr std::string_view kLength = "Content-Length: ";
    const auto at = all.find(kLength);
    const std::size_t size = at < head_end ? std::strtoul(all.data() + at + kLength.size(), nullptr, 10) : 0;
    const std::string_view body = all.substr(head_end + 4);
    if (body.size() < size) return;
    const double took = Milliseconds(Clock::now() - caller.asked).count();
    const bool is_ok = all.substr(0, 13) == "HTTP/1.1 200 ";
    const auto has = [body](std::string_view text) { return body.find(text) != std::string_view::npos; };
    if (is_ok && body == answer_.with(caller.uid))
      counts_.answered.push_back(took);
    else if (all.substr(0, 13) == "HTTP/1.1 503 " && body == kRefusal)
      counts_.refused.push_back(took);
    else if (is_ok && has(caller.uid) && has(R"("allowed":true)") && !has(R"("patch")"))
      ++counts_.out_of_time;
    else
      note_wrong(caller.received);
    caller.received.clear();
    caller.is_waiting = false;
  }

  void note_wrong(const std::string& what) {
    if (counts_.wrong++ == 0) counts_.first_wrong = what;
  }

  Template request_, answer_;
  int poll_;
  std::vector<Caller> callers_;
  std::deque<Caller*> free_;
  Counts counts_;
  std::size_t asked_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 7) fail("PORT RATE SECONDS CONNECTIONS REQUEST ANSWER");
  Load load(std::uint16_t(std::atoi(argv[1])), std::size_t(std::atoi(argv[4])), Template(load_file(argv[5])),
            Template(load_file(argv[6])));
  load.run(std::atof(argv[2]), std::chrono::duration<double>(std::atof(argv[3])));
  load.print();
}
