#include "plimsoll/kube/connection.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace plimsoll::kube {
namespace {

std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: here\ncontexts:\n"
         "- {name: elsewhere, context: {cluster: other, user: other}}\n- {name: here, context: {cluster: c, user: u}}\n"
         "clusters:\n- {name: other, cluster: {server: 'https://other'}}\n- {name: c, cluster: {" +
         cluster + "}}\nusers:\n- {name: other, user: {token: wrong}}\n- {name: u, user: {" + user + "}}\n";
}

TEST_CASE("the current context of a kubeconfig is read, files relative to its directory") {
  struct Case {
    std::string cluster, user;
    Connection want;
  };
  const std::vector<Case> cases{
      {"server: 'https://10.0.0.1:6443', certificate-authority: ca.crt",
       "token: t",
       {.host = "10.0.0.1", .port = 6443, .authority = {.file = "/k/ca.crt"}, .token = {.text = "t"}}},
      {"server: 'https://api.example', certificate-authority-data: Y2E=, certificate-authority: ignored",
       "tokenFile: /t/token, token: t",
       {.host = "api.example", .port = 443, .authority = {.text = "ca"}, .token = {.file = "/t/token"}}},
      {"server: 'https://[::1]:8443/k8s/clusters/c-1/', tls-server-name: kubernetes",
       "client-certificate: sub/c.crt, client-key-data: a2V5",
       {.host = "::1",
        .port = 8443,
        .base_path = "/k8s/clusters/c-1",
        .server_name = "kubernetes",
        .certificate = {.file = "/k/sub/c.crt"},
        .key = {.text = "key"}}},
      {"server: 'https://[2001:db8::2]/'", "", {.host = "2001:db8::2", .port = 443}},
  };
  for (const Case& c : cases) {
    INFO(c.cluster << " " << c.user);
    const auto connection = parse_kubeconfig(kubeconfig(c.cluster, c.user), "/k");
    if (!connection) FAIL(connection.error().message);
    CHECK(*connection == c.want);
  }
  CHECK(parse_kubeconfig(R"({"current-context":"a","contexts":[{"name":"a","context":{"cluster":"c"}}],
                             "clusters":[{"name":"c","cluster":{"server":"https://h"}}]})",
                         "")
            .value_or(Connection{})
            .host == "h");
}

TEST_CASE("what a kubeconfig cannot be used for is said, with what could be done") {
  struct Case {
    std::string text, want;
  };
  const std::string good = "server: 'https://h'";
  const std::vector<Case> cases{
      {"", "holds 0 documents"},
      {"a: b", "no kubeconfig"},
      {"clusters: []", "kubectl config use-context"},
      {"{clusters: [], current-context: nowhere}", "there is no context \"nowhere\""},
      {"{clusters: [], current-context: a, contexts: [{name: a, context: {cluster: b}}]}", "there is no cluster \"b\""},
      {kubeconfig("server: 'http://h'", ""), "https"},
      {kubeconfig("server: h", ""), "https://HOST:PORT"},
      {kubeconfig("server: 'https://h:0'", ""), "port"},
      {kubeconfig("server: 'https://h:65536'", ""), "port"},
      {kubeconfig("server: 'https://:443'", ""), "host"},
      {kubeconfig("server: 'https://user@h'", ""), "no part"},
      {kubeconfig(R"(server: "https://h/\r\nX: y")", ""), "no part"},
      {kubeconfig(good + ", insecure-skip-tls-verify: true", ""), "tls-server-name"},
      {kubeconfig(good + ", proxy-url: 'http://proxy'", ""), "directly"},
      {kubeconfig(good + ", certificate-authority-data: '%%'", ""), "base64"},
      {kubeconfig(good, "exec: {command: aws}"), "exec is not supported: supported are token, tokenFile"},
      {kubeconfig(good, "username: a, password: b"), "username is not supported"},
      {kubeconfig(good, "auth-provider: {name: gcp}"), "auth-provider is not supported"},
      {kubeconfig(good, "as: root, token: t"), "as is not supported"},
      {kubeconfig(good, "client-certificate: c.crt"), "one of them is missing"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const auto connection = parse_kubeconfig(c.text, "/k");
    REQUIRE_FALSE(connection.has_value());
    CHECK_THAT(connection.error().message, Catch::Contains(c.want));
  }
}

TEST_CASE("a Pod finds the API server by the variables that the kubelet sets") {
  CHECK(make_in_cluster_connection("10.96.0.1", "443", "/sa").value_or(Connection{}) ==
        Connection{.host = "10.96.0.1", .authority = {.file = "/sa/ca.crt"}, .token = {.file = "/sa/token"}});
  CHECK(make_in_cluster_connection("fd00::1", "6443")->token.file ==
        "/var/run/secrets/kubernetes.io/serviceaccount/token");
  for (const auto& [host, port] :
       std::vector<std::pair<std::string, std::string>>{{"", ""}, {"h", ""}, {"", "443"}, {"h", "x"}})
    CHECK(make_in_cluster_connection(host, port).error().code == ErrorCode::NotFound);
}

TEST_CASE("a text comes from the file when one is named") {
  CHECK(load_text({.text = "here"}).value_or("") == "here");
  CHECK(load_text({.text = "here", .file = "/proc/self/nothing"}).error().where == "/proc/self/nothing");
  CHECK(load_text({.file = "/dev/zero"}).error().code == ErrorCode::TooLarge);
  CHECK(load_text({.file = "/"}).error().code == ErrorCode::Io);
  // A token is kept for as long as the program runs.
  const auto small = load_text({.file = "/proc/self/comm"});
  REQUIRE(small);
  CHECK(small->capacity() < 4096);
}

}  // namespace
}  // namespace plimsoll::kube
