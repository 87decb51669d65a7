#include "net/command_key.hpp"

#include <gtest/gtest.h>

namespace rendezvous::net {
namespace {

TEST(IdempotencyKey, IsTheSameWithAndWithoutQuotes)
{
    EXPECT_EQ(read_idempotency_key("8e03978e-40d5"), "8e03978e-40d5");
    EXPECT_EQ(read_idempotency_key("\"8e03978e-40d5\""), "8e03978e-40d5");
    EXPECT_EQ(read_idempotency_key(std::string(255, 'k')), std::string(255, 'k'));
}

TEST(IdempotencyKey, IsNothingElse)
{
    for (auto const* const wrong : {"", "\"\"", "\"", "a b", "\"a", "a\"", "a\\b", "a\tb", "caf\xC3\xA9"})
        EXPECT_FALSE(read_idempotency_key(wrong)) << wrong;
    EXPECT_FALSE(read_idempotency_key(std::string(256, 'k')));
}

TEST(IdempotencyKey, ContentTellsApartWhatIsAsked)
{
    auto const nothing = std::optional<base::call_id>{};
    EXPECT_NE(command_content("joinCall", text_of(nothing)), command_content("endCall", text_of(nothing)));
    EXPECT_NE(command_content("startCall", "video", ""), command_content("startCall", "", "video"));
}

} // namespace
} // namespace rendezvous::net
