#include "app/resources.hpp"

#include "folder.hpp"

#include <gtest/gtest.h>

namespace rendezvous::app {
namespace {

constexpr std::uint64_t mib = 1'048'576;

TEST(Memory, IsShortAboveEightyPercentUntilBelowSeventyFive)
{
    auto const state = [](std::uint64_t used, memory_state before) { return judge({used * mib, 100 * mib}, before); };
    using enum memory_state;
    EXPECT_EQ(state(80, plenty), plenty);
    EXPECT_EQ(state(81, plenty), crowded);
    EXPECT_EQ(state(79, crowded), crowded) << "no back and forth at the edge";
    EXPECT_EQ(state(75, crowded), plenty);
    EXPECT_EQ(state(95, crowded), crowded);
    EXPECT_EQ(state(96, crowded), nearly_out);
    EXPECT_EQ(state(80, nearly_out), crowded);
    EXPECT_EQ(judge({100, 0}, plenty), plenty) << "no limit known";
}

TEST(Memory, LimitIsTheLeastOfCgroupAndMachine)
{
    testing::folder const here;
    auto const proc = here / "proc";
    auto const groups = here / "cgroup";
    std::filesystem::create_directories(proc / "self");
    std::filesystem::create_directories(groups / "a/b");
    here.write("proc/meminfo", "MemFree:  5 kB\nMemTotal:        2048 kB\nBuffers: 1 kB\n");
    EXPECT_EQ(memory_limit(0, proc, groups), 2 * mib) << "no cgroups at all";
    here.write("proc/self/cgroup", "0::/a/b\n");
    here.write("cgroup/a/b/memory.max", "max\n");
    EXPECT_EQ(memory_limit(0, proc, groups), 2 * mib);
    here.write("cgroup/a/memory.max", "1048576\n");
    EXPECT_EQ(memory_limit(0, proc, groups), mib) << "that of the group above";
    here.write("cgroup/a/b/memory.high", "524288\n");
    EXPECT_EQ(memory_limit(0, proc, groups), mib / 2);
    EXPECT_EQ(memory_limit(7, proc, groups), 7 * mib) << "what the operator says";
    EXPECT_EQ(memory_limit(0, here / "nothing", groups), 0U);
}

TEST(Memory, OfThisProcessIsKnown)
{
    EXPECT_GT(resident_bytes(), mib);
    EXPECT_GT(memory_limit(0), resident_bytes());
}

} // namespace
} // namespace rendezvous::app
