#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace rendezvous::test {

/// What a program that has ended left behind.
struct ended_process {
    int exit_code = 0; ///< 128 + signal if one ended it
    std::string out;
    std::string err;
};

/// One started program. What it prints is collected while it runs; it dies with the test.
/// Thread: the one that started it.
class child_process {
public:
    using environment = std::vector<std::pair<std::string, std::string>>;

    child_process(
        std::vector<std::string> const& words, std::filesystem::path const& folder, environment const& more = {});
    ~child_process();
    child_process(child_process const&) = delete;
    child_process& operator=(child_process const&) = delete;

    /// Waits until `text` stands in what was printed as error or log; false if the program ends
    /// or `patience` is over first.
    bool waits_for_err(std::string const& text);
    /// As `waits_for_err`, on standard output.
    bool waits_for_out(std::string const& text);

    int pid() const;
    void signal(int number) const;
    /// Processor time it has used so far, all threads.
    std::chrono::milliseconds cpu_time() const;
    /// Waits for the end and returns what is left. Throws if it does not come within `span`.
    ended_process wait(std::chrono::milliseconds span = std::chrono::seconds{20});

    /// The exit code, if it has ended by now.
    std::optional<int> ended();

    std::string err() const;
    std::string out() const;

private:
    struct impl;
    std::unique_ptr<impl> impl_;
};

/// Runs the program under test to its end.
ended_process run_rendezvous(
    std::vector<std::string> words, std::filesystem::path const& folder, child_process::environment const& more = {});

} // namespace rendezvous::test
