#include "rendezvous/service/user_directory.hpp"

#include <gtest/gtest.h>

namespace rendezvous::service {
namespace {

user_directory::entry socket(std::string id, bool user_level = false)
{
    return {base::session_id{std::move(id)}, 0, user_level, false};
}

TEST(UserDirectory, TheOldestSpareSocketGoesWhenThereIsOneTooMany)
{
    base::user_id const ana{"ana"};
    user_directory directory(2);
    EXPECT_FALSE(directory.add(ana, socket("1")));
    EXPECT_FALSE(directory.add(ana, socket("2")));
    directory.set_seated(ana, base::session_id{"1"}, true);
    auto const spare = directory.add(ana, socket("3"));
    ASSERT_TRUE(spare);
    EXPECT_EQ(spare->session.str(), "2");
}

TEST(UserDirectory, TheNewestGoesWhenAllOthersSitInCalls)
{
    base::user_id const ana{"ana"};
    user_directory directory(1);
    directory.add(ana, socket("1"));
    directory.set_seated(ana, base::session_id{"1"}, true);
    auto const spare = directory.add(ana, socket("2"));
    ASSERT_TRUE(spare);
    EXPECT_EQ(spare->session.str(), "2");
}

TEST(UserDirectory, UsersDoNotCountForEachOther)
{
    user_directory directory(1);
    EXPECT_FALSE(directory.add(base::user_id{"ana"}, socket("1")));
    EXPECT_FALSE(directory.add(base::user_id{"ion"}, socket("2")));
}

TEST(UserDirectory, OnlySocketsOutsideRoomsHearOfTheDay)
{
    base::user_id const ana{"ana"};
    user_directory directory(10);
    directory.add(ana, socket("room"));
    directory.add(ana, socket("list", true));
    ASSERT_EQ(directory.user_level(ana).size(), 1U);
    EXPECT_EQ(directory.user_level(ana)[0].session.str(), "list");
    directory.remove(ana, base::session_id{"list"});
    EXPECT_TRUE(directory.user_level(ana).empty());
}

TEST(UserDirectory, ASessionThatIsAwayHearsOfTheDayAndTakesNoPlace)
{
    base::user_id const ana{"ana"};
    user_directory directory(1);
    directory.add(ana, socket("1", true));
    directory.set_away(ana, base::session_id{"1"});
    EXPECT_FALSE(directory.add(ana, socket("2", true)));
    EXPECT_EQ(directory.user_level(ana).size(), 2U);
    auto const spare = directory.add(ana, socket("1", true)); // it is back
    ASSERT_TRUE(spare);
    EXPECT_EQ(spare->session.str(), "2");
}

TEST(UserDirectory, SessionsThatAreAwayHaveALimitToo)
{
    base::user_id const ana{"ana"};
    user_directory directory(2);
    for (auto const* id : {"1", "2", "3"}) {
        EXPECT_FALSE(directory.add(ana, socket(id)));
        directory.set_away(ana, base::session_id{id});
    }
    auto const spare = directory.add(ana, socket("4"));
    ASSERT_TRUE(spare);
    EXPECT_EQ(spare->session.str(), "1") << "away for longest";
}

} // namespace
} // namespace rendezvous::service
