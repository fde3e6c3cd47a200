// `plimsoll certs`: self-made certificates on disk or in a Secret, and a look at any others.
#pragma once

#include <string>
#include <vector>

#include "plimsoll/base/time.hpp"
#include "plimsoll/tls/rotation.hpp"
#include "webhook/certificates/place.hpp"
#include "webhook/command_line.hpp"
#include "webhook/report.hpp"

namespace plimsoll::webhook {

/// What to do when there is something already.
enum class Overwrite { Refuse, Replace };

/// Makes an authority and a server certificate in `place`.
[[nodiscard]] Report make_certificates(const CertificatePlace& place, const tls::Circumstances& circumstances,
                                       Overwrite overwrite, TimePoint now);

/// How far `plimsoll certs rotate` goes.
enum class Rotation {
  Leaf,       ///< a new server certificate by the same authority
  Authority,  ///< by one step: the next one is made, or takes over
  Everything  ///< keys are in wrong hands
};

struct RotateOptions {
  Rotation rotation = Rotation::Authority;
  bool is_published = false;  ///< the operator says that every caller trusts the next authority
  tls::Lifetimes lifetimes = {};
};

/// Replaces what stands in `place`, once, and says what is to be done next.
[[nodiscard]] Report rotate_certificates(const CertificatePlace& place, const RotateOptions& options, TimePoint now);

[[nodiscard]] Action declare_certs(CLI::App& command);
[[nodiscard]] Action declare_certs_make(CLI::App& command);
[[nodiscard]] Action declare_certs_show(CLI::App& command);
[[nodiscard]] Action declare_certs_rotate(CLI::App& command);

}  // namespace plimsoll::webhook
