#include "process_usage.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

namespace rendezvous::loadgen {
namespace {

std::string proc_path(int pid)
{
    return "/proc/" + std::to_string(pid);
}

void add_ticks(cpu_usage& usage, int pid)
{
    std::ifstream file(proc_path(pid) + "/stat");
    std::stringstream content;
    content << file.rdbuf();
    std::string const text = content.str();
    // The command name stands in parentheses and may itself contain spaces and parentheses.
    auto const end_of_name = text.rfind(')');
    if (end_of_name == std::string::npos) return;
    unsigned long user = 0;
    unsigned long system = 0;
    int const fields = std::sscanf(
        text.c_str() + end_of_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    if (fields != 2) return;
    auto const ticks_per_s = double(sysconf(_SC_CLK_TCK));
    usage.user_s += double(user) / ticks_per_s;
    usage.system_s += double(system) / ticks_per_s;
}

void add_scheduled(cpu_usage& usage, int pid)
{
    std::error_code gone;
    for (auto const& task : std::filesystem::directory_iterator(proc_path(pid) + "/task", gone)) {
        std::ifstream file(task.path() / "schedstat");
        unsigned long long on_cpu_ns = 0;
        if (file >> on_cpu_ns) usage.scheduled_s += double(on_cpu_ns) / 1e9;
    }
}

} // namespace

memory_usage read_memory(std::vector<int> const& pids)
{
    memory_usage usage;
    for (int const pid : pids) {
        std::ifstream file(proc_path(pid) + "/smaps_rollup");
        for (std::string line; std::getline(file, line);) {
            unsigned long kb = 0;
            if (std::sscanf(line.c_str(), "Rss: %lu", &kb) == 1) usage.rss_kb += kb;
            if (std::sscanf(line.c_str(), "Pss: %lu", &kb) == 1) usage.pss_kb += kb;
            if (std::sscanf(line.c_str(), "Private_Clean: %lu", &kb) == 1) usage.private_kb += kb;
            if (std::sscanf(line.c_str(), "Private_Dirty: %lu", &kb) == 1) usage.private_kb += kb;
        }
    }
    return usage;
}

cpu_usage read_cpu(std::vector<int> const& pids)
{
    cpu_usage usage;
    for (int const pid : pids) {
        add_ticks(usage, pid);
        add_scheduled(usage, pid);
    }
    return usage;
}

} // namespace rendezvous::loadgen
