#include "plimsoll/http/server.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/post.hpp>
#include <charconv>
#include <csignal>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include "plimsoll/base/text.hpp"
#include "worker.hpp"

namespace plimsoll::http {
namespace {

using boost::system::error_code;
using Acceptor = asio::basic_socket_acceptor<tcp, Executor>;

// Descriptors come back when connections end, within milliseconds under load; without a pause the loop would spin.
constexpr std::chrono::milliseconds kAcceptPause{100};

// How often it is looked whether a handshake is done that others wait for; one takes about half a millisecond.
constexpr std::chrono::milliseconds kHandshakePause{5};

Result<std::vector<tcp::endpoint>> to_endpoints(const ListenAddress& listen) {
  using Endpoints = std::vector<tcp::endpoint>;
  // An IPv6 socket takes IPv4 as well; the second is for machines without IPv6.
  if (listen.host.empty()) return Endpoints{{tcp::v6(), listen.port}, {tcp::v4(), listen.port}};
  error_code ec;
  const auto address = asio::ip::make_address(listen.host, ec);
  if (ec)
    return fail(ErrorCode::Invalid, quoted(listen.host) + " is not an IP address to listen on, such as 127.0.0.1");
  return Endpoints{{address, listen.port}};
}

error_code listen_on(Acceptor& acceptor, const tcp::endpoint& endpoint) {
  error_code ec;
  acceptor.open(endpoint.protocol(), ec);
  // A restart need not wait for the old connections' TIME_WAIT to pass.
  if (!ec) acceptor.set_option(Acceptor::reuse_address(true), ec);
  if (!ec && endpoint.address().is_unspecified() && endpoint.address().is_v6())
    acceptor.set_option(asio::ip::v6_only(false), ec);
  if (!ec) acceptor.bind(endpoint, ec);
  if (!ec) acceptor.listen(Acceptor::max_listen_connections, ec);
  if (ec) {
    error_code ignored;
    acceptor.close(ignored);
  }
  return ec;
}

// How often a stop that waits asks whether it is hurried.
constexpr std::chrono::milliseconds kGlance{50};

/// Runs `work` on the worker's thread and returns what it returns.
template <class Work>
auto run_on(Worker& worker, Work work) {
  std::packaged_task<decltype(work())()> task(std::move(work));
  auto result = task.get_future();
  asio::post(worker.io, std::move(task));
  return result.get();
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const auto malformed = [&] {
    return fail(
        ErrorCode::Invalid,
        quoted(text) + " is not an address to listen on; write \":8443\", \"127.0.0.1:8443\" or \"[::1]:8443\"");
  };
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return malformed();
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);

  const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  error_code ec;
  const auto address = asio::ip::make_address(std::string(host), ec);
  if (!host.empty() && (ec || address.is_v6() != is_bracketed)) return malformed();

  ListenAddress listen{std::string(host), 0};
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), listen.port);
  if (error != std::errc() || end != port.data() + port.size()) return malformed();
  return listen;
}

class Server::Impl {
 public:
  Impl(ServerOptions& options, Handler handler, Events events) {
    shared_.limits = std::move(options.limits);
    shared_.handler = std::move(handler);
    shared_.events = std::move(events);
    shared_.tls = std::move(options.tls);
    shared_.patience = std::move(options.patience);
    for (std::size_t i = 0; i < std::max<std::size_t>(options.threads, 1); ++i)
      workers_.push_back(std::make_unique<Worker>(shared_));
    acceptor_.emplace(workers_.front()->io);
    pause_.emplace(workers_.front()->io);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { stop(std::chrono::milliseconds{0}, {}); }

  Result<void> listen(const ListenAddress& address) {
    PLIMSOLL_TRY(endpoints, to_endpoints(address));
    error_code ec;
    for (const tcp::endpoint& endpoint : endpoints) {
      ec = listen_on(*acceptor_, endpoint);
      if (!ec) break;
    }
    if (!ec) port_ = acceptor_->local_endpoint(ec).port();
    if (ec)
      return fail(ErrorCode::Io, "cannot listen on " + (address.host.empty() ? "every address" : address.host) +
                                     " port " + std::to_string(address.port) + ": " + ec.message());
    return {};
  }

  void start() {
    asio::co_spawn(workers_.front()->io, accept_connections(), asio::detached);
    // Signals are for the program's own thread: these start with all of them blocked.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (const auto& worker : workers_) threads_.emplace_back(&Worker::run, worker.get());
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  void drain() noexcept { shared_.draining = true; }

  std::size_t stop(std::chrono::milliseconds deadline, const std::function<bool()>& is_hurried) {
    if (threads_.empty()) return 0;
    shared_.draining = true;
    shared_.stopping = true;
    // First the door: whoever came in before is by then known to its worker, or about to be, in the order of posting.
    run_on(*workers_.front(), [this] { close_door(); });
    for (const auto& worker : workers_) run_on(*worker, [&worker] { worker->close_idle(); });
    {
      const auto is_empty = [this] { return shared_.connections == 0; };
      const auto until = Clock::now() + deadline;
      std::unique_lock lock(shared_.mutex);
      while (!is_empty() && Clock::now() < until && !(is_hurried && is_hurried()))
        shared_.last_connection_ended.wait_until(lock, std::min(until, Clock::now() + kGlance), is_empty);
    }
    std::size_t cut = 0;
    for (const auto& worker : workers_) {
      cut += run_on(*worker, [&worker] { return worker->cut_all(); });
      run_on(*worker, [&worker] { worker->finish(); });
    }
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    return cut;
  }

 private:
  // Whom the kernel has let in but nobody has met yet would be thrown out by a reset: they are met first.
  void close_door() {
    error_code ec;
    acceptor_->non_blocking(true, ec);
    while (!ec) {
      Socket socket(next_worker().io);
      acceptor_->accept(socket, ec);
      if (!ec) admit(std::move(socket));
    }
    acceptor_->close(ec);
    pause_->cancel();
  }

  Task<> accept_connections() {
    while (acceptor_->is_open()) {
      if (shared_.handshakes >= shared_.limits().max_handshakes) {
        pause_->expires_after(kHandshakePause);
        co_await pause_->async_wait(kAwait);
        continue;
      }
      Socket socket(next_worker().io);
      const auto [ec] = co_await acceptor_->async_accept(socket, kAwait);
      if (ec == asio::error::operation_aborted) co_return;
      if (!ec) {
        admit(std::move(socket));
        continue;
      }
      shared_.report(Trouble::AcceptFailed, "", ec.message());
      pause_->expires_after(kAcceptPause);
      co_await pause_->async_wait(kAwait);
    }
  }

  Worker& next_worker() { return *workers_[admitted_ % workers_.size()]; }

  /// Requires: `socket` belongs to next_worker().
  void admit(Socket socket) {
    ++shared_.connections;
    Worker& worker = next_worker();
    ++admitted_;
    start_session(worker, std::move(socket));
  }

  Shared shared_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::optional<Acceptor> acceptor_;
  std::optional<Timer> pause_;
  std::vector<std::thread> threads_;
  std::uint16_t port_ = 0;
  std::size_t admitted_ = 0;
};

Server::Server(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Server::Server(Server&&) noexcept = default;
Server& Server::operator=(Server&&) noexcept = default;
Server::~Server() = default;

std::uint16_t Server::port() const noexcept {
  return impl_->port();
}
void Server::drain() noexcept {
  impl_->drain();
}
std::size_t Server::stop(std::chrono::milliseconds deadline, const std::function<bool()>& is_hurried) {
  return impl_->stop(deadline, is_hurried);
}

Result<Server> start_server(ServerOptions options, Handler handler, Events events) {
  auto impl = std::make_unique<Server::Impl>(options, std::move(handler), std::move(events));
  PLIMSOLL_CHECK(impl->listen(options.listen));
  impl->start();
  return Server(std::move(impl));
}

}  // namespace plimsoll::http
