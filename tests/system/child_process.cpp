#include "child_process.hpp"

#include "support/test_client.hpp"

#include <array>
#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <mutex>
#include <optional>
#include <poll.h>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace rendezvous::test {
namespace {

/// What comes out of one end of the program.
struct collected {
    std::string text;
    bool over = false;
};

} // namespace

struct child_process::impl {
    pid_t pid = -1;
    int pid_fd = -1;
    std::array<int, 2> ends{-1, -1};
    mutable std::mutex mutex;
    std::condition_variable more_came;
    std::array<collected, 2> streams; ///< standard output, standard error
    std::thread reader;
    std::optional<int> status;

    void read_all()
    {
        std::array<pollfd, 2> entries{pollfd{ends[0], POLLIN, 0}, pollfd{ends[1], POLLIN, 0}};
        std::array<char, 8192> buffer{};
        for (int open = 2; open > 0;) {
            if (::poll(entries.data(), entries.size(), -1) < 0) continue;
            for (std::size_t i = 0; i < entries.size(); ++i) {
                if (entries[i].fd < 0 || entries[i].revents == 0) continue;
                auto const got = ::read(entries[i].fd, buffer.data(), buffer.size());
                std::lock_guard const lock(mutex);
                if (got > 0) {
                    streams[i].text.append(buffer.data(), static_cast<std::size_t>(got));
                } else {
                    streams[i].over = true;
                    entries[i].fd = -1;
                    --open;
                }
                more_came.notify_all();
            }
        }
    }

    bool waits_for(std::size_t stream, std::string const& text)
    {
        std::unique_lock lock(mutex);
        auto const there = [&] { return streams[stream].text.find(text) != std::string::npos; };
        more_came.wait_for(lock, patience, [&] { return there() || streams[stream].over; });
        return there();
    }
};

child_process::child_process(
    std::vector<std::string> const& words, std::filesystem::path const& folder, environment const& more)
    : impl_(std::make_unique<impl>())
{
    int out[2];
    int err[2];
    if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(err, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    std::vector<char*> arguments;
    for (auto const& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    impl_->pid = ::fork();
    if (impl_->pid < 0) throw std::runtime_error("fork");
    if (impl_->pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(out[1], STDOUT_FILENO);
        ::dup2(err[1], STDERR_FILENO);
        for (auto const& [name, value] : more) ::setenv(name.c_str(), value.c_str(), 1);
        if (::chdir(folder.c_str()) == 0) ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    ::close(out[1]);
    ::close(err[1]);
    impl_->ends = {out[0], err[0]};
    impl_->pid_fd = static_cast<int>(::syscall(SYS_pidfd_open, impl_->pid, 0));
    impl_->reader = std::thread([this] { impl_->read_all(); });
}

child_process::~child_process()
{
    if (!impl_->status) {
        ::kill(impl_->pid, SIGKILL);
        int status = 0;
        ::waitpid(impl_->pid, &status, 0);
    }
    impl_->reader.join();
    for (int const fd : {impl_->ends[0], impl_->ends[1], impl_->pid_fd}) ::close(fd);
}

bool child_process::waits_for_err(std::string const& text)
{
    return impl_->waits_for(1, text);
}

bool child_process::waits_for_out(std::string const& text)
{
    return impl_->waits_for(0, text);
}

int child_process::pid() const
{
    return impl_->pid;
}

void child_process::signal(int number) const
{
    if (!impl_->status) ::kill(impl_->pid, number);
}

std::chrono::milliseconds child_process::cpu_time() const
{
    std::ifstream in("/proc/" + std::to_string(impl_->pid) + "/stat");
    std::string text;
    std::getline(in, text);
    std::istringstream fields(text.substr(text.rfind(')') + 1));
    std::string skipped;
    for (int i = 0; i < 11; ++i) fields >> skipped;
    long user = 0;
    long system = 0;
    fields >> user >> system;
    return std::chrono::milliseconds{(user + system) * 1'000 / ::sysconf(_SC_CLK_TCK)};
}

ended_process child_process::wait(std::chrono::milliseconds span)
{
    if (!impl_->status) {
        pollfd entry{impl_->pid_fd, POLLIN, 0};
        if (::poll(&entry, 1, static_cast<int>(span.count())) <= 0)
            throw std::runtime_error("the program does not end; it said: " + err());
        int status = 0;
        ::waitpid(impl_->pid, &status, 0);
        impl_->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        std::unique_lock lock(impl_->mutex);
        impl_->more_came.wait_for(lock, patience, [&] { return impl_->streams[0].over && impl_->streams[1].over; });
    }
    return {*impl_->status, out(), err()};
}

std::optional<int> child_process::ended()
{
    pollfd entry{impl_->pid_fd, POLLIN, 0};
    if (impl_->status || ::poll(&entry, 1, 0) <= 0) return impl_->status;
    return wait().exit_code;
}

std::string child_process::err() const
{
    std::lock_guard const lock(impl_->mutex);
    return impl_->streams[1].text;
}

std::string child_process::out() const
{
    std::lock_guard const lock(impl_->mutex);
    return impl_->streams[0].text;
}

ended_process run_rendezvous(
    std::vector<std::string> words, std::filesystem::path const& folder, child_process::environment const& more)
{
    words.insert(words.begin(), RENDEZVOUS_BINARY);
    child_process child(words, folder, more);
    return child.wait();
}

} // namespace rendezvous::test
