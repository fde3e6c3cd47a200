// What starting ran once (flags, the policy, certificates, the libraries' own set-up) would stay mapped for as long as
// the process lives: a sixth of what the server holds under load.
#pragma once

namespace plimsoll::webhook {

/// Unmaps all code and constants of the program and its libraries. What is needed again comes back from the page cache,
/// as it is touched; the rest no longer counts as this process's memory, and is the first that the kernel reclaims.
/// Threads: any, at any time.
/// Source: madvise(2), MADV_DONTNEED on a file mapping that was never written to.
void give_back_start_up_pages() noexcept;

}  // namespace plimsoll::webhook
