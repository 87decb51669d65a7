#include "contract_fixture.hpp"

#include "rendezvous/store/chain.hpp"

namespace rendezvous::store_tests {
namespace {

class CredentialStore : public StoreContract {
protected:
    static service::api_key_row key(std::string const& name, std::string const& secret, std::int64_t when)
    {
        return {name, secret.substr(0, 6), store::sha256_hex(secret), at(when), {}};
    }
    static service::invite_row invite(unsigned n, unsigned appointment, std::int64_t when)
    {
        return {uuid(n), store::sha256_hex(uuid(n)), appointment_no(appointment), base::user_id{"dr"}, at(when),
            at(when + 900), {}};
    }
    errc put_key(service::api_key_row const& row)
    {
        auto const put = ask<void>([&](auto done) { store_->put_api_key(row, done); });
        return put ? errc::ok : base::to_errc(put.error());
    }
    errc put_invite(service::invite_row const& row)
    {
        auto const put = ask<void>([&](auto done) { store_->put_invite(row, done); });
        return put ? errc::ok : base::to_errc(put.error());
    }
    std::size_t revoke_keys(std::string const& name, std::int64_t when)
    {
        return ask<std::size_t>([&](auto done) { store_->revoke_api_keys(name, at(when), done); }).value();
    }
    result<service::api_key_row> find_key(std::string const& hash)
    {
        return ask<service::api_key_row>([&](auto done) { store_->find_api_key(hash, done); });
    }
    result<service::invite_row> find_invite(std::string const& hash)
    {
        return ask<service::invite_row>([&](auto done) { store_->find_invite(hash, done); });
    }
    errc revoke_invite(unsigned appointment, std::string const& id, std::int64_t when)
    {
        auto const done_ =
            ask<void>([&](auto done) { store_->revoke_invite(appointment_no(appointment), id, at(when), done); });
        return done_ ? errc::ok : base::to_errc(done_.error());
    }
};
INSTANTIATE_TEST_SUITE_P(Adapters, CredentialStore, adapters(), adapter_name);

TEST_P(CredentialStore, FindsAKeyByItsHashOnly)
{
    auto const row = key("booking", "rk_one", 1);
    ASSERT_EQ(put_key(row), errc::ok);
    auto const found = find_key(row.hash).value();
    EXPECT_EQ(found.name, "booking");
    EXPECT_EQ(found.prefix, "rk_one");
    EXPECT_EQ(found.created_at, at(1));
    EXPECT_EQ(found.revoked_at, std::nullopt);
    EXPECT_EQ(find_key(store::sha256_hex("rk_two")).error(), errc::not_found);
    EXPECT_EQ(put_key(row), errc::illegal_transition);
}

TEST_P(CredentialStore, RevokesAllKeysOfAName)
{
    ASSERT_EQ(put_key(key("booking", "rk_one", 1)), errc::ok);
    ASSERT_EQ(put_key(key("booking", "rk_two", 2)), errc::ok);
    ASSERT_EQ(put_key(key("admin", "rk_three", 3)), errc::ok);
    EXPECT_EQ(revoke_keys("booking", 10), 2u);
    EXPECT_EQ(revoke_keys("booking", 20), 0u);
    EXPECT_EQ(revoke_keys("nobody", 20), 0u);
    EXPECT_EQ(find_key(store::sha256_hex("rk_one")).value().revoked_at, at(10));
    EXPECT_EQ(find_key(store::sha256_hex("rk_three")).value().revoked_at, std::nullopt);
    auto const all = ask<std::vector<service::api_key_row>>([&](auto done) { store_->list_api_keys(done); }).value();
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].name, "admin");
    EXPECT_EQ(all[1].created_at, at(1));
    EXPECT_EQ(all[2].created_at, at(2));
}

TEST_P(CredentialStore, KeepsInvitesOfAnAppointment)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put(2), errc::ok);
    for (unsigned n = 1; n <= 3; ++n) ASSERT_EQ(put_invite(invite(n, 1, n)), errc::ok);
    ASSERT_EQ(put_invite(invite(4, 2, 4)), errc::ok);
    auto const found = find_invite(invite(2, 1, 2).hash).value();
    EXPECT_EQ(found.id, uuid(2));
    EXPECT_EQ(found.appointment, appointment_no(1));
    EXPECT_EQ(found.user, base::user_id{"dr"});
    EXPECT_EQ(found.created_at, at(2));
    EXPECT_EQ(found.expires_at, at(902));
    EXPECT_EQ(find_invite(store::sha256_hex("other")).error(), errc::not_found);
    auto const rows = ask<std::vector<service::invite_row>>([&](auto done) {
        store_->list_invites(appointment_no(1), done);
    }).value();
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].id, uuid(3));
    EXPECT_EQ(rows[2].id, uuid(1));
}

TEST_P(CredentialStore, RefusesInvitesToNowhereAndTwice)
{
    EXPECT_EQ(put_invite(invite(1, 1, 1)), errc::not_found);
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put_invite(invite(1, 1, 1)), errc::ok);
    EXPECT_EQ(put_invite(invite(1, 1, 1)), errc::illegal_transition);
}

TEST_P(CredentialStore, RevokesAnInviteOnceAndAgain)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put(2), errc::ok);
    ASSERT_EQ(put_invite(invite(1, 1, 1)), errc::ok);
    EXPECT_EQ(revoke_invite(2, uuid(1), 5), errc::not_found);
    EXPECT_EQ(revoke_invite(1, uuid(9), 5), errc::not_found);
    EXPECT_EQ(revoke_invite(1, uuid(1), 5), errc::ok);
    EXPECT_EQ(revoke_invite(1, uuid(1), 6), errc::ok);
    EXPECT_EQ(find_invite(invite(1, 1, 1).hash).value().revoked_at, at(5));
}

TEST_P(CredentialStore, ListsTheNewest200Invites)
{
    ASSERT_EQ(put(1), errc::ok);
    for (unsigned n = 1; n <= 203; ++n) ASSERT_EQ(put_invite(invite(n, 1, n)), errc::ok);
    auto const rows = ask<std::vector<service::invite_row>>([&](auto done) {
        store_->list_invites(appointment_no(1), done);
    }).value();
    ASSERT_EQ(rows.size(), 200u);
    EXPECT_EQ(rows.front().id, uuid(203));
    EXPECT_EQ(rows.back().id, uuid(4));
}

} // namespace
} // namespace rendezvous::store_tests
