// Rotated logs are gzip: read as they come, never as a whole.
#pragma once

#include <memory>
#include <string_view>

#include "plimsoll/base/result.hpp"

namespace plimsoll::audit {

/// Whether `bytes` begin as a gzip file does. Requires: two bytes, where the file has as many.
[[nodiscard]] bool is_gzip(std::string_view bytes);

/// Unpacks a gzip file of any number of members, in bounded memory whatever it unpacks to.
///
///   gunzip.feed(chunk);
///   for (piece = gunzip.read(); piece && !piece->empty(); piece = gunzip.read()) use(*piece);
class Gunzip {
 public:
  Gunzip();
  Gunzip(Gunzip&&) noexcept;
  Gunzip& operator=(Gunzip&&) noexcept;
  ~Gunzip();

  /// The next packed bytes. Requires: they stay where they are until read() has given nothing; before the first call or
  /// after it has.
  void feed(std::string_view bytes);

  /// The next unpacked bytes, valid until the next call; empty when more has to be fed.
  /// Errors: ErrorCode::Invalid for what is no gzip, or damaged; then nothing more can be read.
  [[nodiscard]] Result<std::string_view> read();

  /// Errors: ErrorCode::Invalid when the bytes ended within a member.
  [[nodiscard]] Result<void> finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plimsoll::audit
