#include "fixture.hpp"

#include "net/static_files.hpp"

#include <gtest/gtest.h>

namespace rendezvous::net::test {
namespace {

class StaticFiles : public testing::Test {
protected:
    StaticFiles()
    {
        web_.write("index.html", "<!doctype html>index");
        web_.write("join.html", "<!doctype html>join");
        web_.write("appointments.html", "<!doctype html>appointments");
        web_.write("js/app.js", "export {};");
        web_.write("js/.hidden.js", "hidden");
        web_.write(".git/config.txt", "hidden");
        web_.write("node_modules/x/a.js", "hidden");
        web_.write("package.json", "{}");
        web_.write("notes.xyz", "unknown");
        std::filesystem::create_symlink("/etc/passwd", web_.path() / "link.txt");
        files_ = static_files(web_.path());
    }

    std::optional<http_response> find(std::string const& path, http_method method = http_method::get,
        std::vector<std::pair<std::string, std::string>> more = {}) const
    {
        auto target = parse_request_target(path);
        http_request request;
        request.method = method;
        request.path = target->path;
        request.segments = target->segments;
        request.headers = std::move(more);
        return files_.find(request);
    }
    static std::string header(http_response const& response, std::string_view name)
    {
        for (auto const& [key, value] : response.headers)
            if (key == name) return value;
        return {};
    }

    scratch_directory web_;
    static_files files_;
};

TEST_F(StaticFiles, ServesPagesAndWhatIsBelowThem)
{
    EXPECT_EQ(*find("/")->shared_body, "<!doctype html>index");
    for (auto const* const path : {"/join", "/join/", "/join/some/where", "/join.html"})
        EXPECT_EQ(*find(path)->shared_body, "<!doctype html>join") << path;
    EXPECT_EQ(*find("/appointments/APT-1")->shared_body, "<!doctype html>appointments");
    EXPECT_FALSE(find("/admin"));
    EXPECT_FALSE(find("/joining"));
}

TEST_F(StaticFiles, SaysWhatItIsAndHowToAskAgain)
{
    auto const got = find("/js/app.js");
    ASSERT_TRUE(got);
    EXPECT_EQ(header(*got, "Content-Type"), "text/javascript; charset=utf-8");
    EXPECT_EQ(header(*got, "Cache-Control"), "no-cache");
    auto const etag = header(*got, "ETag");
    // SHA-256 of `export {};`
    EXPECT_EQ(etag.size(), 66U);
    auto const again = find("/js/app.js", http_method::get, {{"if-none-match", "\"x\", W/" + etag}});
    EXPECT_EQ(again->status, 304U);
    EXPECT_FALSE(again->shared_body);
    EXPECT_EQ(header(*again, "Content-Type"), header(*got, "Content-Type")); // the policy follows from it
    EXPECT_EQ(find("/js/app.js", http_method::get, {{"if-none-match", "\"x\""}})->status, 200U);
}

TEST_F(StaticFiles, HidesEverythingElse)
{
    for (auto const* const path : {"/js/.hidden.js", "/.git/config.txt", "/node_modules/x/a.js", "/package.json",
             "/notes.xyz", "/link.txt", "/js", "/js/", "/js%2Fapp.js", "/js/app.js/", "/index", "/nothing"})
        EXPECT_FALSE(find(path)) << path;
    EXPECT_EQ(files_.count(), 4U);
}

TEST_F(StaticFiles, CanOnlyBeRead)
{
    EXPECT_EQ(find("/js/app.js", http_method::head)->status, 200U);
    auto const refused = find("/js/app.js", http_method::post);
    EXPECT_EQ(refused->status, 405U);
    EXPECT_EQ(header(*refused, "Allow"), "GET, HEAD");
}

TEST_F(StaticFiles, RefusesToStartWithoutItsDirectory)
{
    EXPECT_THROW(static_files(web_.path() / "nowhere"), std::runtime_error);
}

} // namespace
} // namespace rendezvous::net::test
