#include "problem.hpp"

#include <algorithm>
#include <array>

namespace rendezvous::net {
namespace {

struct phrase {
    unsigned status;
    std::string_view text;
};
constexpr std::array phrases{
    phrase{100, "Continue"},
    phrase{101, "Switching Protocols"},
    phrase{200, "OK"},
    phrase{201, "Created"},
    phrase{202, "Accepted"},
    phrase{204, "No Content"},
    phrase{206, "Partial Content"},
    phrase{301, "Moved Permanently"},
    phrase{302, "Found"},
    phrase{303, "See Other"},
    phrase{304, "Not Modified"},
    phrase{307, "Temporary Redirect"},
    phrase{308, "Permanent Redirect"},
    phrase{400, "Bad Request"},
    phrase{401, "Unauthorized"},
    phrase{402, "Payment Required"},
    phrase{403, "Forbidden"},
    phrase{404, "Not Found"},
    phrase{405, "Method Not Allowed"},
    phrase{406, "Not Acceptable"},
    phrase{408, "Request Timeout"},
    phrase{409, "Conflict"},
    phrase{410, "Gone"},
    phrase{411, "Length Required"},
    phrase{412, "Precondition Failed"},
    phrase{413, "Content Too Large"},
    phrase{415, "Unsupported Media Type"},
    phrase{416, "Range Not Satisfiable"},
    phrase{417, "Expectation Failed"},
    phrase{422, "Unprocessable Content"},
    phrase{426, "Upgrade Required"},
    phrase{428, "Precondition Required"},
    phrase{429, "Too Many Requests"},
    phrase{431, "Request Header Fields Too Large"},
    phrase{500, "Internal Server Error"},
    phrase{501, "Not Implemented"},
    phrase{503, "Service Unavailable"},
    phrase{504, "Gateway Timeout"},
    phrase{505, "HTTP Version Not Supported"},
};

} // namespace

std::string_view reason_phrase(unsigned status)
{
    auto const found =
        std::find_if(phrases.begin(), phrases.end(), [status](phrase const& p) { return p.status == status; });
    return found == phrases.end() ? std::string_view{} : found->text;
}

http_response problem(unsigned status, std::string_view code, std::string_view title, std::string_view request_id)
{
    http_response out;
    out.status = status;
    out.headers = {{"Content-Type", "application/problem+json"}, {"Cache-Control", "no-store"}};
    out.body.append("{\"type\":\"about:blank\",\"title\":\"").append(title);
    out.body.append("\",\"status\":").append(std::to_string(status));
    out.body.append(",\"code\":\"").append(code);
    out.body.append("\",\"requestId\":\"").append(request_id).append("\"}");
    return out;
}

http_response too_many_sockets(std::string_view request_id)
{
    auto out = problem(503, "rate-limited", "Too many connections from this address", request_id);
    out.headers.emplace_back("Retry-After", "5");
    return out;
}

} // namespace rendezvous::net
