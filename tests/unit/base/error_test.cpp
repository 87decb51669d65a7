#include "rendezvous/base/error.hpp"

#include <gtest/gtest.h>
#include <set>
#include <string>

namespace rendezvous::base {
namespace {

result<int> half(int value)
{
    if (value % 2 != 0) return errc::bad_field;
    return value / 2;
}

TEST(Error, TravelsInResults)
{
    EXPECT_EQ(*half(4), 2);
    auto const failed = half(3);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error(), errc::bad_field);
    EXPECT_NE(failed.error(), errc::bad_json);
    EXPECT_EQ(to_errc(failed.error()), errc::bad_field);
}

TEST(Error, HasASentenceOfItsOwnForEveryCode)
{
    std::set<std::string> sentences;
    for (int value = 0; value <= static_cast<int>(errc::internal); ++value) {
        auto const text = make_error_code(static_cast<errc>(value)).message();
        EXPECT_NE(text, "unknown error") << value;
        EXPECT_TRUE(sentences.insert(text).second) << text;
    }
    EXPECT_EQ(make_error_code(static_cast<errc>(9999)).message(), "unknown error");
}

TEST(Error, OnlyOkIsSuccess)
{
    EXPECT_FALSE(make_error_code(errc::ok));
    EXPECT_TRUE(make_error_code(errc::bad_json));
    EXPECT_TRUE(make_error_code(errc::internal));
}

TEST(Error, TakesForeignCodesForInternal)
{
    EXPECT_EQ(to_errc(boost::system::errc::make_error_code(boost::system::errc::timed_out)), errc::internal);
    EXPECT_EQ(to_errc(make_error_code(errc::gone)), errc::gone);
    EXPECT_STREQ(errc_category().name(), "rendezvous");
}

} // namespace
} // namespace rendezvous::base
