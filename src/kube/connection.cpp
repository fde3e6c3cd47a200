#include "plimsoll/kube/connection.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>

#include "plimsoll/base/base64.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/json/document.hpp"
#include "plimsoll/yaml/yaml.hpp"

namespace plimsoll::kube {
namespace {

// A bundle of a hundred certificates takes some 200 KiB. The bound keeps a mistaken path from filling memory.
constexpr std::size_t kMaxFileSize = std::size_t{1} << 20;

constexpr std::string_view kSupported =
    "supported are token, tokenFile, client-certificate and client-key (or their -data)";

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

std::string text_or_empty(json::View view) {
  return std::string(view.text().value_or(std::string_view()));
}

/// The entry called `name` of a list of `{name: …, <kind>: {…}}`.
Result<json::View> find_named(json::View list, std::string_view name, std::string_view kind) {
  for (const json::View entry : list.elements())
    if (entry["name"].text() == name) return entry[kind];
  return fail(ErrorCode::NotFound, fmt::format("there is no {} {}", kind, quoted(name, 253)));
}

// A user or cluster may hold a text or a file's name for the same thing: `token` and `tokenFile`,
// `certificate-authority` and `certificate-authority-data`. Of the latter the data goes first, as in kubectl.
class Reader {
 public:
  Reader(json::View object, std::string_view directory) : object_(object), directory_(directory) {}

  [[nodiscard]] Source file(std::string_view field) const {
    std::string path = text_or_empty(object_[field]);
    if (!path.empty() && path.front() != '/' && !directory_.empty()) path = std::string(directory_) + "/" + path;
    return {.file = std::move(path)};
  }

  [[nodiscard]] Result<Source> file_or_data(std::string_view field) const {
    const std::string data_field = std::string(field) + "-data";
    const std::string encoded = text_or_empty(object_[data_field]);
    if (encoded.empty()) return file(field);
    const auto data = decode_base64(encoded);
    if (!data) return fail(ErrorCode::Invalid, "is not base64", data_field);
    return Source{.text = *data};
  }

 private:
  json::View object_;
  std::string_view directory_;
};

Result<void> read_server(const std::string& url, Connection& connection) {
  const auto malformed = [&](std::string_view what) {
    return fail(ErrorCode::Invalid, fmt::format("{} {}; write https://HOST:PORT", quoted(url, 253), what), "server");
  };
  constexpr std::string_view kScheme = "https://";
  if (!url.starts_with(kScheme)) return malformed("is no https URL, and nothing else keeps a token secret");
  std::string_view rest = std::string_view(url).substr(kScheme.size());
  const std::size_t slash = rest.find('/');
  if (slash != std::string_view::npos) {
    connection.base_path = rest.substr(slash);
    while (connection.base_path.ends_with('/')) connection.base_path.pop_back();
    rest = rest.substr(0, slash);
  }
  for (const char c : url)
    if (c <= ' ' || c == 0x7F || std::string_view("@?#").find(c) != std::string_view::npos)
      return malformed("holds what is no part of an API server's address");
  // The port is behind the last colon that is not inside brackets.
  const std::size_t bracket = rest.find(']');
  const std::size_t colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    const auto port = parse_port(rest.substr(colon + 1));
    if (!port) return malformed("has no port between 1 and 65535");
    connection.port = *port;
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  if (rest.empty()) return malformed("has no host");
  connection.host = rest;
  return {};
}

Result<void> read_cluster(json::View cluster, std::string_view directory, Connection& connection) {
  if (cluster["insecure-skip-tls-verify"].boolean() == true)
    return fail(ErrorCode::Unsupported,
                "insecure-skip-tls-verify would hand the token to whoever answers; give certificate-authority, and "
                "tls-server-name where the address is not in the certificate");
  if (!text_or_empty(cluster["proxy-url"]).empty())
    return fail(ErrorCode::Unsupported, "proxy-url is not supported: the API server has to be reached directly");
  PLIMSOLL_CHECK(read_server(text_or_empty(cluster["server"]), connection));
  PLIMSOLL_TRY(authority, Reader(cluster, directory).file_or_data("certificate-authority"));
  connection.authority = authority;
  connection.server_name = text_or_empty(cluster["tls-server-name"]);
  return {};
}

Result<void> read_user(json::View user, std::string_view directory, Connection& connection) {
  constexpr std::array<std::string_view, 8> kUnsupported{"exec", "auth-provider", "username",  "password",
                                                         "as",   "as-uid",        "as-groups", "as-user-extra"};
  for (const std::string_view field : kUnsupported)
    if (user[field])
      return fail(ErrorCode::Unsupported, fmt::format("{} is not supported: {}", field, kSupported), "user");

  const Reader reader(user, directory);
  PLIMSOLL_TRY(certificate, reader.file_or_data("client-certificate"));
  PLIMSOLL_TRY(key, reader.file_or_data("client-key"));
  if (certificate.is_empty() != key.is_empty())
    return fail(ErrorCode::Invalid, "client-certificate and client-key belong together: one of them is missing",
                "user");
  connection.certificate = certificate;
  connection.key = key;
  connection.token = reader.file("tokenFile");
  if (connection.token.is_empty()) connection.token.text = text_or_empty(user["token"]);
  return {};
}

}  // namespace

Result<std::string> load_text(const Source& source) {
  if (source.file.empty()) return source.text;
  errno = 0;
  std::ifstream file(source.file, std::ios::binary);
  std::string text;
  std::array<char, 16 * 1024> piece{};
  while (file && text.size() <= kMaxFileSize) {
    file.read(piece.data(), piece.size());
    text.append(piece.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (!file.is_open() || file.bad() || (text.empty() && errno != 0))
    return fail(ErrorCode::Io, std::string("cannot be read: ") + std::strerror(errno), source.file);
  if (text.size() > kMaxFileSize) return fail(ErrorCode::TooLarge, "is larger than 1 MiB", source.file);
  return text;
}

Result<Connection> make_in_cluster_connection(std::string_view host, std::string_view port,
                                              std::string_view directory) {
  const auto number = parse_port(port);
  if (host.empty() || !number)
    return fail(ErrorCode::NotFound,
                "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT do not name an API server: this is no Pod");
  Connection connection;
  connection.host = host;
  connection.port = *number;
  connection.authority.file = std::string(directory) + "/ca.crt";
  connection.token.file = std::string(directory) + "/token";
  return connection;
}

Result<Connection> parse_kubeconfig(std::string_view text, std::string_view directory) {
  PLIMSOLL_TRY(documents, yaml::parse(text));
  if (documents.size() != 1)
    return fail(ErrorCode::Invalid, fmt::format("is no kubeconfig: it holds {} documents", documents.size()));
  PLIMSOLL_TRY(document, json::Document::parse(yaml::to_json(documents.front())));
  const json::View root = document.root();
  if (!root["clusters"].is_array()) return fail(ErrorCode::Invalid, "is no kubeconfig: it lists no clusters");

  const std::string current = text_or_empty(root["current-context"]);
  if (current.empty())
    return fail(ErrorCode::Invalid, "names no current-context; choose one with: kubectl config use-context NAME");
  PLIMSOLL_TRY(context, find_named(root["contexts"], current, "context"));
  PLIMSOLL_TRY(cluster, find_named(root["clusters"], text_or_empty(context["cluster"]), "cluster"));
  Connection connection;
  PLIMSOLL_CHECK(read_cluster(cluster, directory, connection));
  if (const std::string user_name = text_or_empty(context["user"]); !user_name.empty()) {
    PLIMSOLL_TRY(user, find_named(root["users"], user_name, "user"));
    PLIMSOLL_CHECK(read_user(user, directory, connection));
  }
  return connection;
}

}  // namespace plimsoll::kube
