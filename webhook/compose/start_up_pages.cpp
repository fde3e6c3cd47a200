#include "webhook/compose/start_up_pages.hpp"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace plimsoll::webhook {
namespace {

// Writable segments hold relocated addresses and variables: giving those back would undo them.
bool is_as_in_the_file(const ElfW(Phdr) & segment) {
  return segment.p_type == PT_LOAD && (segment.p_flags & PF_W) == 0;
}

int give_back(dl_phdr_info* loaded, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  for (std::size_t i = 0; i < loaded->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = loaded->dlpi_phdr[i];
    if (!is_as_in_the_file(segment)) continue;
    const std::uintptr_t begin = (loaded->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const std::uintptr_t end = loaded->dlpi_addr + segment.p_vaddr + segment.p_memsz;
    // A hint: what the kernel will not give back, such as its own vDSO, stays.
    (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void give_back_start_up_pages() noexcept {
  ::dl_iterate_phdr(give_back, nullptr);
}

}  // namespace plimsoll::webhook
