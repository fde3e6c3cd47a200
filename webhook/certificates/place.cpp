#include "webhook/certificates/place.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "plimsoll/base/base64.hpp"
#include "plimsoll/base/text.hpp"
#include "plimsoll/json/writer.hpp"
#include "webhook/input/files.hpp"

namespace plimsoll::webhook {
namespace {

Unexpected<Error> cannot_write(const std::string& path, int error) {
  return fail(ErrorCode::Io, std::string("cannot be written: ") + std::strerror(error), display_name(path));
}

Result<tls::StoredEntries> load_directory(const std::string& directory) {
  tls::StoredEntries stored;
  for (const std::string& name : tls::entry_names()) {
    const std::string path = directory + "/" + name;
    if (::access(path.c_str(), F_OK) != 0 && errno == ENOENT) continue;
    PLIMSOLL_TRY(text, load_file(path));
    stored.entries[name] = std::move(text);
  }
  return stored;
}

Result<void> store_directory(const std::string& directory, const tls::Entries& entries) {
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (error) return cannot_write(directory, error.value());
  for (const std::string& name : tls::entry_names()) {
    const std::string path = directory + "/" + name;
    const auto entry = entries.find(name);
    if (entry == entries.end()) {
      if (::unlink(path.c_str()) != 0 && errno != ENOENT) return cannot_write(path, errno);
      continue;
    }
    PLIMSOLL_CHECK(store_file(path, entry->second, name.ends_with(".key") ? 0600 : 0644));
  }
  return {};
}

using ErrorKind = kube::ApiError::Kind;

Unexpected<Error> in_words(const kube::ApiError& error) {
  return fail(ErrorCode::Io, error.message);
}

Result<tls::StoredEntries> load_secret(kube::ApiClient& client, const SecretName& secret) {
  const auto read = client.read(kube::secret(secret.name_space, secret.name));
  if (!read && read.error().kind == ErrorKind::NotFound) return tls::StoredEntries{};
  if (!read) return in_words(read.error());
  tls::StoredEntries stored;
  stored.version = read->root()["metadata"]["resourceVersion"].text().value_or("");
  for (const std::string& name : tls::entry_names()) {
    const auto text = read->root()["data"][name].text();
    if (!text) continue;
    // What is no base64 is no certificate either, and will be called so.
    stored.entries[name] = decode_base64(*text).value_or("?");
  }
  return stored;
}

std::string write_new_secret(const SecretName& secret, const tls::Entries& entries) {
  json::Writer w;
  w.begin_object().member("apiVersion", "v1").member("kind", "Secret").member("type", "kubernetes.io/tls");
  w.key("metadata").begin_object().member("name", secret.name).member("namespace", secret.name_space);
  w.key("labels").begin_object().member("app.kubernetes.io/name", "plimsoll").end_object().end_object();
  w.key("data").begin_object();
  for (const auto& [name, text] : entries) w.member(name, encode_base64(text));
  w.end_object().end_object();
  return std::move(w).take();
}

// A merge patch, so that labels and entries of others stay. Its resourceVersion makes the API server refuse it when
// anybody has written since.
std::string write_patch(const tls::StoredEntries& wanted) {
  json::Writer w;
  w.begin_object().key("metadata").begin_object().member("resourceVersion", wanted.version).end_object();
  w.key("data").begin_object();
  for (const std::string& name : tls::entry_names()) {
    const auto entry = wanted.entries.find(name);
    if (entry == wanted.entries.end()) {
      w.key(name).null();
    } else {
      w.member(name, encode_base64(entry->second));
    }
  }
  w.end_object().end_object();
  return std::move(w).take();
}

Result<tls::SecretStore::Outcome> store_secret(kube::ApiClient& client, const SecretName& secret,
                                               const tls::StoredEntries& wanted) {
  const kube::ObjectPath path = kube::secret(secret.name_space, secret.name);
  const auto stored = wanted.version.empty() ? client.create(path, write_new_secret(secret, wanted.entries))
                                             : client.patch(path, kube::PatchType::Merge, write_patch(wanted));
  if (stored) return tls::SecretStore::Outcome::Stored;
  const ErrorKind kind = stored.error().kind;
  // Of a patch NotFound: it was deleted since.
  if (kind == ErrorKind::Conflict || (kind == ErrorKind::NotFound && !wanted.version.empty()))
    return tls::SecretStore::Outcome::Conflict;
  return in_words(stored.error());
}

}  // namespace

Result<SecretName> parse_secret_name(std::string_view text) {
  const std::size_t slash = text.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == text.size() ||
      text.find('/', slash + 1) != std::string_view::npos)
    return fail(ErrorCode::Invalid,
                quoted(text, 256) + " is not a Secret's NAMESPACE/NAME, such as \"plimsoll-system/plimsoll-tls\"");
  return SecretName{std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

CertificatePlace make_secret_place(std::shared_ptr<kube::ApiClient> client, SecretName secret) {
  std::string name = "Secret " + secret.name_space + "/" + secret.name;
  return {.name = std::move(name),
          .store = {.load = [client, secret] { return load_secret(*client, secret); },
                    .store = [client, secret](
                                 const tls::StoredEntries& wanted) { return store_secret(*client, secret, wanted); }}};
}

CertificatePlace make_directory_place(const std::string& directory) {
  return {.name = directory,
          .store = {.load = [directory] { return load_directory(directory); },
                    .store = [directory](const tls::StoredEntries& wanted) -> Result<tls::SecretStore::Outcome> {
                      PLIMSOLL_CHECK(store_directory(directory, wanted.entries));
                      return tls::SecretStore::Outcome::Stored;
                    }}};
}

}  // namespace plimsoll::webhook
