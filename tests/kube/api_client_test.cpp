#include "plimsoll/kube/api_client.hpp"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <thread>

#include "api_server.hpp"

namespace plimsoll::kube {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using Kind = ApiError::Kind;

const ObjectPath kJobs = webhook_configuration("mutatingwebhookconfigurations", "00-plimsoll-jobs");

TEST_CASE("each call is one request, with the method, path and type that Kubernetes wants") {
  ApiServer server(in_turn({}));
  Connection connection = server.connection();
  connection.base_path = "/proxy";
  ApiClient client(connection);
  CHECK(client.read(secret("plimsoll-system", "a/../b")).has_value());
  CHECK(client.create(kJobs, R"({"a":1})").has_value());
  CHECK(client.patch(kJobs, PatchType::Json, "[]").has_value());
  CHECK(client.patch(kJobs, PatchType::Merge, "{}").has_value());

  struct Case {
    std::string method, path, content_type, body;
  };
  const std::string all = "/proxy/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";
  const std::vector<Case> want{
      {"GET", "/proxy/api/v1/namespaces/plimsoll-system/secrets/a%2F..%2Fb", "", ""},
      {"POST", all, "application/json", R"({"a":1})"},
      {"PATCH", all + "/00-plimsoll-jobs", "application/json-patch+json", "[]"},
      {"PATCH", all + "/00-plimsoll-jobs", "application/merge-patch+json", "{}"},
  };
  const auto requests = server.requests();
  REQUIRE(requests.size() == want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    CHECK(requests[i].method == want[i].method);
    CHECK(requests[i].path == want[i].path);
    CHECK(requests[i].content_type == want[i].content_type);
    CHECK(requests[i].body == want[i].body);
    CHECK(requests[i].query == (i == 0 ? "" : "fieldManager=plimsoll"));
  }
}

TEST_CASE("an answer that is no success becomes a typed error with the API server's words") {
  struct Case {
    unsigned status;
    Kind want;
  };
  const std::vector<Case> cases{
      {400, Kind::Refused}, {403, Kind::Forbidden}, {404, Kind::NotFound},    {409, Kind::Conflict},
      {410, Kind::Gone},    {422, Kind::Invalid},   {413, Kind::Refused},     {429, Kind::TooManyRequests},
      {301, Kind::Refused}, {500, Kind::Failed},    {401, Kind::Unauthorized}};
  for (const Case& c : cases) {
    INFO(c.status);
    ApiServer server([&](const http::Request&) { return status(c.status, "no \\u001b[31m way"); });
    FakeTime time;
    ApiClient client(server.connection(), {}, time.surroundings());
    const auto outcome = client.read(kJobs);
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().kind == c.want);
    CHECK(outcome.error().message ==
          "GET mutatingwebhookconfigurations 00-plimsoll-jobs: " + std::to_string(c.status) + " no \\u{1b}[31m way");
  }
}

TEST_CASE("what is safe to repeat is repeated after a while, what is not is not") {
  FakeTime time;
  SECTION("a read") {
    ApiServer server(in_turn({status(503, "starting"), status(500, "?"), status(429, "busy", {{"Retry-After", "2"}})}));
    ApiClient client(server.connection(), {}, time.surroundings());
    CHECK(client.read(kJobs).has_value());
    CHECK(time.sleeps == std::vector<milliseconds>{100ms, 200ms, 2250ms});
    CHECK(server.requests().size() == 4);
  }
  SECTION("a write that there was no room for") {
    ApiServer server(in_turn({status(429, "busy", {{"Retry-After", "1"}})}));
    ApiClient client(server.connection(), {}, time.surroundings());
    CHECK(client.create(kJobs, "{}").has_value());
    CHECK(server.requests().size() == 2);
  }
  SECTION("a write that may have been done") {
    ApiServer server(in_turn({status(500, "etcd")}));
    ApiClient client(server.connection(), {}, time.surroundings());
    CHECK(client.patch(kJobs, PatchType::Json, "[]").error().kind == Kind::Failed);
    CHECK(server.requests().size() == 1);
  }
  SECTION("a write that lost a race") {
    ApiServer server(in_turn({status(409, "modified")}));
    ApiClient client(server.connection(), {}, time.surroundings());
    CHECK(client.patch(kJobs, PatchType::Json, "[]").error().kind == Kind::Conflict);
    CHECK(time.sleeps.empty());
  }
  SECTION("a server that is away, until the deadline") {
    Connection connection;
    {
      const ApiServer gone(in_turn({}));
      connection = gone.connection();
    }
    ApiClient client(connection, {.deadline = 10s}, time.surroundings());
    CHECK(client.create(kJobs, "{}").error().kind == Kind::Unreachable);
    CHECK(time.sleeps.size() > 5);
    CHECK(time.now.time_since_epoch() < 10s);
  }
  SECTION("a server that asks for more patience than there is") {
    ApiServer server([](const http::Request&) { return status(429, "busy", {{"Retry-After", "99999999999999"}}); });
    ApiClient client(server.connection(), {}, time.surroundings());
    CHECK(client.read(kJobs).error().kind == Kind::TooManyRequests);
    CHECK(server.requests().size() == 1);
  }
}

TEST_CASE("a server that is not trusted is asked nothing, and not asked again") {
  const ApiServer server(in_turn({}));
  const ApiServer other(in_turn({}));
  Connection connection = server.connection();
  FakeTime time;
  connection.authority.text = other.authority_pem;
  CHECK(ApiClient(connection, {}, time.surroundings()).read(kJobs).error().kind == Kind::Unusable);
  connection.authority = {.file = "/nowhere/ca.crt"};
  const auto outcome = ApiClient(connection, {}, time.surroundings()).read(kJobs);
  CHECK_THAT(outcome.error().message, Catch::Contains("/nowhere/ca.crt cannot be read"));
  CHECK(server.requests().empty());
  CHECK(time.sleeps.empty());
}

class TokenFile {
 public:
  TokenFile() : path_("/tmp/plimsoll-token-" + std::to_string(::getpid())) {}
  TokenFile(const TokenFile&) = delete;
  TokenFile& operator=(const TokenFile&) = delete;
  ~TokenFile() { std::remove(path_.c_str()); }
  void store(const std::string& text) const { std::ofstream(path_) << text; }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST_CASE("a token is read again after a minute, and at once when it is not known any more") {
  // Our server's Request keeps no Authorization header, so the API server here knows by the order of things.
  std::string known = "one";
  int refused = 0;
  const TokenFile file;
  file.store(" one\n");
  std::string in_file = "one";
  ApiServer server([&](const http::Request&) {
    if (known == in_file) return http::Response{200, "application/json", "{}"};
    ++refused;
    return status(401, "Unauthorized");
  });
  Connection connection = server.connection();
  connection.token.file = file.path();
  FakeTime time;
  ApiClient client(connection, {}, time.surroundings());
  CHECK(client.read(kJobs).has_value());

  file.store("");  // not read: it is known for less than a minute
  time.now += 59s;
  CHECK(client.read(kJobs).has_value());
  time.now += 2s;
  CHECK_THAT(client.read(kJobs).error().message, Catch::Contains("holds no token"));
  file.store("two");
  CHECK(client.read(kJobs).has_value());

  known = "three";
  CHECK(client.read(kJobs).error().kind == Kind::Unauthorized);
  CHECK(refused == 2);  // with what it had, and with what the file held
  file.store("a b");
  CHECK(client.read(kJobs).error().kind == Kind::Unusable);
}

TEST_CASE("cancelling ends a wait, and every later call") {
  Connection connection;
  {
    const ApiServer gone(in_turn({}));
    connection = gone.connection();
  }
  ApiClient client(connection, {.deadline = 600s});
  std::thread other([&] {
    std::this_thread::sleep_for(50ms);
    client.cancel();
  });
  CHECK(client.read(kJobs).error().kind == Kind::Cancelled);
  other.join();
  CHECK(client.read(kJobs).error().kind == Kind::Cancelled);
}

}  // namespace
}  // namespace plimsoll::kube
