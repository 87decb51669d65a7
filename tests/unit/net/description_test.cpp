// web/openapi.json against the route table, in both directions.

#include "net/routes.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <fstream>
#include <map>
#include <set>

namespace rendezvous::net {
namespace {

using json = nlohmann::json;

json const& description()
{
    static json const parsed = [] {
        std::ifstream in(RENDEZVOUS_SOURCE_DIR "/web/openapi.json");
        return json::parse(in);
    }();
    return parsed;
}

std::string word_of(http_method method)
{
    switch (method) {
    case http_method::get: return "get";
    case http_method::post: return "post";
    case http_method::put: return "put";
    case http_method::patch: return "patch";
    case http_method::delete_: return "delete";
    default: return "none";
    }
}

std::string who_may(unsigned rights)
{
    std::string out;
    auto const add = [&](unsigned right, char letter) {
        if ((rights & right) == 0) return;
        if (!out.empty()) out += ' ';
        out += letter;
    };
    add(api_key, 'K');
    add(admin_only, 'A');
    add(staff, 'S');
    add(participant, 'P');
    return out.empty() ? "-" : out;
}

std::set<std::string> parameters_of(json const& operation)
{
    std::set<std::string> out;
    for (auto const& given : operation.value("parameters", json::array())) {
        auto const& p = given.contains("$ref")
                            ? description().at(json::json_pointer(given["$ref"].get<std::string>().substr(1)))
                            : given;
        if (p.at("in") == "query") out.insert(p.at("name").get<std::string>());
    }
    return out;
}

std::map<std::string, json> operations()
{
    std::map<std::string, json> out;
    for (auto const& [path, methods] : description().at("paths").items())
        for (auto const& [method, operation] : methods.items()) out[method + " " + path] = operation;
    return out;
}

TEST(Description, NamesEveryRouteWithWhoMayAndWhatItAsks)
{
    auto const all = operations();
    for (auto const& r : routes()) {
        auto const name = word_of(r.method) + " " + std::string(r.pattern);
        auto const found = all.find(name);
        if (found == all.end()) {
            ADD_FAILURE() << name << " stands in no operation of web/openapi.json";
            continue;
        }
        EXPECT_EQ(found->second.value("x-who", ""), who_may(r.rights)) << name;
        std::set<std::string> query;
        for (auto const word : r.query)
            if (!word.empty()) query.insert(std::string(word));
        EXPECT_EQ(parameters_of(found->second), query) << name;
    }
}

TEST(Description, NamesNothingThatIsNoRoute)
{
    std::set<std::string> known{"get /openapi.json"}; // a file of web/
    for (auto const& r : routes()) known.insert(word_of(r.method) + " " + std::string(r.pattern));
    for (auto const& [name, operation] : operations()) EXPECT_TRUE(known.contains(name)) << name;
}

TEST(Description, SaysWhichCredentialOpensWhat)
{
    std::set<std::string> ids;
    for (auto const& [name, operation] : operations()) {
        EXPECT_TRUE(ids.insert(operation.at("operationId").get<std::string>()).second) << name;
        auto const who = operation.at("x-who").get<std::string>();
        auto const& security = operation.at("security");
        auto const has = [&security](char const* scheme) {
            for (auto const& each : security)
                if (each.contains(scheme)) return true;
            return false;
        };
        EXPECT_EQ(has("apiKey"), who.find('K') != std::string::npos) << name;
        EXPECT_EQ(has("token"), who.find_first_of("SAP") != std::string::npos) << name;
    }
}

} // namespace
} // namespace rendezvous::net
