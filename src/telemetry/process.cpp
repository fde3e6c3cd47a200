// What Linux says of this process, under /proc/self.
#include <sys/resource.h>
#include <unistd.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "plimsoll/telemetry/metrics.hpp"

namespace plimsoll::telemetry {
namespace {

/// One field of /proc/self/stat. Fields are numbered from 1, as proc(5) does; the second is the program's name in
/// parentheses and may hold blanks. Requires: `number` > 2.
double stat_field(int number) {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream rest(text.substr(name_end + 1));
  std::string field;
  for (int i = 2; i < number; ++i) rest >> field;
  return std::strtod(field.c_str(), nullptr);
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double resident_bytes() {
  return stat_field(24) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

/// The kernel gives the start in ticks since it booted.
double start_seconds() {
  timespec now{};
  timespec since_boot{};
  clock_gettime(CLOCK_REALTIME, &now);
  clock_gettime(CLOCK_BOOTTIME, &since_boot);
  const double booted = static_cast<double>(now.tv_sec - since_boot.tv_sec) +
                        static_cast<double>(now.tv_nsec - since_boot.tv_nsec) * 1e-9;
  return booted + stat_field(22) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double open_files() {
  std::error_code ec;
  const std::filesystem::directory_iterator files("/proc/self/fd", ec);
  // The listing itself holds one open.
  return ec ? 0 : static_cast<double>(std::distance(begin(files), end(files))) - 1;
}

double file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

}  // namespace

void observe_process(Metrics& metrics) {
  using Kind = Metrics::Kind;
  metrics.observe(Kind::Counter, {"process_cpu_seconds_total", "User and system CPU time spent."}, cpu_seconds);
  metrics.observe(Kind::Gauge, {"process_resident_memory_bytes", "Resident memory."}, resident_bytes);
  metrics.observe(Kind::Gauge, {"process_virtual_memory_bytes", "Virtual memory."}, [] { return stat_field(23); });
  metrics.observe(Kind::Gauge, {"process_start_time_seconds", "Start of the process since the Unix epoch."},
                  [start = start_seconds()] { return start; });
  metrics.observe(Kind::Gauge, {"process_open_fds", "Open file descriptors."}, open_files);
  metrics.observe(Kind::Gauge, {"process_max_fds", "Most file descriptors that may be open."}, file_limit);
  metrics.observe(Kind::Gauge, {"process_threads", "Threads."}, [] { return stat_field(20); });
}

}  // namespace plimsoll::telemetry
