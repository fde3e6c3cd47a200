// What both ports answer to a request that asks for something else than there is.
#pragma once

#include <string>

#include "plimsoll/http/message.hpp"

namespace plimsoll::webhook {

/// Of answers that are for people.
inline constexpr const char* kPlainText = "text/plain; charset=utf-8";

/// A line that says why.
[[nodiscard]] http::Response refuse(unsigned status, std::string why);

/// 404. `known` is what there is.
[[nodiscard]] http::Response refuse_path(const http::Request& request, const std::string& known);

/// 405. `allowed` is as the header `Allow` has it.
[[nodiscard]] http::Response refuse_method(const http::Request& request, std::string allowed);

}  // namespace plimsoll::webhook
