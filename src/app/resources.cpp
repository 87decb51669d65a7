#include "resources.hpp"

#include "rendezvous/base/metrics.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>

namespace rendezvous::app {
namespace {

namespace metrics = base::metrics;

constexpr std::uint64_t mib = 1'048'576;

/// The number a file of one line holds; nothing for `max` and for no such file.
std::optional<std::uint64_t> number_in(std::filesystem::path const& file)
{
    std::ifstream in(file);
    std::uint64_t value = 0;
    if (in >> value) return value;
    return std::nullopt;
}

std::uint64_t machine_bytes(std::filesystem::path const& proc)
{
    std::ifstream in(proc / "meminfo");
    std::string name;
    std::uint64_t kib = 0;
    while (in >> name >> kib) {
        if (name == "MemTotal:") return kib * 1'024;
        in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return 0;
}

/// The path of this process's own cgroup (version 2), without the leading slash.
std::string own_cgroup(std::filesystem::path const& proc)
{
    std::ifstream in(proc / "self/cgroup");
    for (std::string line; std::getline(in, line);)
        if (line.starts_with("0::/")) return line.substr(4);
    return {};
}

std::uint64_t open_descriptors()
{
    std::error_code ec;
    std::uint64_t out = 0;
    for (std::filesystem::directory_iterator it("/proc/self/fd", ec), end; !ec && it != end; it.increment(ec)) ++out;
    return out > 0 ? out - 1 : 0; // the folder itself is open while it is read
}

double seconds_of(timeval const& span)
{
    return static_cast<double>(span.tv_sec) + static_cast<double>(span.tv_usec) / 1e6;
}

} // namespace

memory_state judge(memory_use const& use, memory_state before)
{
    if (use.limit == 0) return memory_state::plenty;
    auto const percent = [&use](std::uint64_t part) { return use.limit / 100 * part; };
    if (use.used > percent(95)) return memory_state::nearly_out;
    auto const bound = before == memory_state::plenty ? percent(80) : percent(75);
    return use.used > bound ? memory_state::crowded : memory_state::plenty;
}

std::uint64_t resident_bytes(std::filesystem::path const& proc)
{
    std::ifstream in(proc / "self/statm");
    std::uint64_t all = 0;
    std::uint64_t resident = 0;
    in >> all >> resident;
    return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t memory_limit(
    std::size_t configured_mb, std::filesystem::path const& proc, std::filesystem::path const& cgroups)
{
    if (configured_mb > 0) return configured_mb * mib;
    auto least = machine_bytes(proc);
    auto const lower = [&least](std::optional<std::uint64_t> bound) {
        if (bound && *bound > 0 && (least == 0 || *bound < least)) least = *bound;
    };
    std::filesystem::path group = own_cgroup(proc);
    for (;;) {
        lower(number_in(cgroups / group / "memory.max"));
        lower(number_in(cgroups / group / "memory.high"));
        if (group.empty()) return least;
        group = group.parent_path();
    }
}

void read_process_metrics()
{
    rusage spent{};
    if (::getrusage(RUSAGE_SELF, &spent) == 0)
        metrics::process_cpu.set(seconds_of(spent.ru_utime) + seconds_of(spent.ru_stime));
    metrics::process_memory.set(static_cast<double>(resident_bytes()));
    metrics::process_descriptors.set(static_cast<double>(open_descriptors()));
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0)
        metrics::process_descriptors_max.set(static_cast<double>(limit.rlim_cur));
}

void note_process_start(base::utc_time now)
{
    metrics::process_start.set(static_cast<double>(base::to_ms(now)) / 1e3);
}

void open_standard_streams()
{
    int fd = ::open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO) fd = ::dup(fd);
    if (fd > STDERR_FILENO) ::close(fd);
}

void raise_descriptor_limit()
{
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

} // namespace rendezvous::app
