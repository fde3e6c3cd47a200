#include "plimsoll/audit/gunzip.hpp"

#include <zlib.h>

#include <array>
#include <string>

namespace plimsoll::audit {
namespace {

// 15 is the largest window; 16 more asks for gzip and its checksum (zlib.h, inflateInit2).
constexpr int kGzipWindow = 15 + 16;

}  // namespace

bool is_gzip(std::string_view bytes) {
  return bytes.starts_with("\x1f\x8b");  // RFC 1952, section 2.3.1
}

struct Gunzip::State {
  z_stream stream{};
  int initialised = Z_STREAM_ERROR;
  /// A member has begun and not ended.
  bool is_within = false;
  bool has_member = false;
  std::array<char, 64 * 1024> unpacked;

  State() { initialised = inflateInit2(&stream, kGzipWindow); }
  ~State() { inflateEnd(&stream); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  void skip_padding() {
    while (stream.avail_in > 0 && *stream.next_in == 0) ++stream.next_in, --stream.avail_in;
  }
};

Gunzip::Gunzip() : state_(std::make_unique<State>()) {}
Gunzip::Gunzip(Gunzip&&) noexcept = default;
Gunzip& Gunzip::operator=(Gunzip&&) noexcept = default;
Gunzip::~Gunzip() = default;

void Gunzip::feed(std::string_view bytes) {
  // zlib never writes there; its type is older than const.
  state_->stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  state_->stream.avail_in = static_cast<uInt>(bytes.size());
}

Result<std::string_view> Gunzip::read() {
  State& s = *state_;
  if (s.initialised != Z_OK) return fail(ErrorCode::Io, "zlib cannot begin");
  while (true) {
    if (!s.is_within) {
      // Tapes and block devices pad with zeros between and after members.
      if (s.has_member) s.skip_padding();
      if (s.stream.avail_in == 0) return std::string_view();
      inflateReset(&s.stream);
      s.is_within = true;
    }
    s.stream.next_out = reinterpret_cast<Bytef*>(s.unpacked.data());
    s.stream.avail_out = static_cast<uInt>(s.unpacked.size());
    const int outcome = inflate(&s.stream, Z_NO_FLUSH);
    const std::size_t count = s.unpacked.size() - s.stream.avail_out;
    if (outcome == Z_STREAM_END) {
      s.is_within = false;
      s.has_member = true;
    } else if (outcome != Z_OK && outcome != Z_BUF_ERROR) {
      const std::string why = s.stream.msg == nullptr ? "error " + std::to_string(outcome) : s.stream.msg;
      return fail(ErrorCode::Invalid, "the gzip file is damaged: " + why);
    }
    if (count > 0) return std::string_view(s.unpacked.data(), count);
    if (outcome != Z_STREAM_END) return std::string_view();
  }
}

Result<void> Gunzip::finish() const {
  if (state_->is_within || !state_->has_member) {
    return fail(ErrorCode::Invalid, "the gzip file is cut off: it ends before its end");
  }
  return {};
}

}  // namespace plimsoll::audit
