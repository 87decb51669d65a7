#include "contract_fixture.hpp"

#include "rendezvous/store/chain.hpp"
#include "rendezvous/store/retention.hpp"

namespace rendezvous::store_tests {
namespace {

using service::revocation;
using service::revoked_kind;

class TokenStore : public StoreContract {
protected:
    static service::token_row token(unsigned n, std::int64_t when, std::int64_t until)
    {
        return {uuid(n), base::user_id{"dr"}, at(when), at(until), std::nullopt};
    }
    static service::invite_row invite(unsigned n, std::optional<std::string> pin = {})
    {
        return {uuid(n), store::sha256_hex(uuid(n)), appointment_no(1), base::user_id{"dr"}, at(1), at(900), {}, pin};
    }
    template <class T>
    static errc code_of(result<T> const& got)
    {
        return got ? errc::ok : base::to_errc(got.error());
    }
    errc put_token(service::token_row const& row)
    {
        return code_of(ask<void>([&](auto done) { store_->put_token(row, done); }));
    }
    result<revocation> revoke(revocation const& what)
    {
        return ask<revocation>([&](auto done) { store_->revoke(what, done); });
    }
    std::vector<revocation> revocations(std::int64_t when, std::size_t rows_max = 100)
    {
        return ask<std::vector<revocation>>([&](auto done) {
            store_->list_revocations(at(when), rows_max, done);
        }).value();
    }
    errc put_invite(service::invite_row const& row)
    {
        return code_of(ask<void>([&](auto done) { store_->put_invite(row, done); }));
    }
    service::invite_row find(std::string const& hash)
    {
        return ask<service::invite_row>([&](auto done) { store_->find_invite(hash, done); }).value();
    }
    result<unsigned> try_pin(unsigned n)
    {
        return ask<unsigned>([&](auto done) { store_->take_pin_try(uuid(n), done); });
    }
    errc redeem(unsigned n, service::token_row const& given)
    {
        return code_of(ask<void>([&](auto done) { store_->redeem_invite(uuid(n), given, done); }));
    }
    result<service::invite_row> reissue(unsigned appointment, unsigned n, std::string const& hash)
    {
        return ask<service::invite_row>(
            [&](auto done) { store_->reissue_invite(appointment_no(appointment), uuid(n), hash, at(1'800), done); });
    }
};
INSTANTIATE_TEST_SUITE_P(Adapters, TokenStore, adapters(), adapter_name);

TEST_P(TokenStore, KeepsARevocationAsLongAsTheTokenCouldBeGood)
{
    ASSERT_EQ(put_token(token(1, 1, 100)), errc::ok);
    EXPECT_EQ(put_token(token(1, 1, 100)), errc::illegal_transition);
    auto const of_ours = revoke({revoked_kind::token, uuid(1), at(50), at(900'000)}).value();
    EXPECT_EQ(of_ours.until, at(100) + store::retention::tokens);
    auto const of_a_stranger = revoke({revoked_kind::token, "other", at(51), at(900'000)}).value();
    EXPECT_EQ(of_a_stranger.until, at(900'000));
    ASSERT_TRUE(revoke({revoked_kind::user, "dr", at(52), at(800'000)}));
    ASSERT_TRUE(revoke({revoked_kind::invite, "dr", at(53), at(700'000)}));
    auto const all = revocations(60);
    ASSERT_EQ(all.size(), 4u);
    EXPECT_EQ(all[0].id, "other");
    EXPECT_EQ(all[1].kind, revoked_kind::user);
    EXPECT_EQ(all[1].at, at(52));
    EXPECT_EQ(all[2].kind, revoked_kind::invite);
    EXPECT_EQ(all[3].id, uuid(1));
    EXPECT_EQ(revocations(60, 2).size(), 2u);
    EXPECT_EQ(revocations(700'000).size(), 2u) << "two are over";
    EXPECT_EQ(revocations(900'000).size(), 0u);
}

TEST_P(TokenStore, MovesARevocationOnButNeverBack)
{
    ASSERT_TRUE(revoke({revoked_kind::user, "dr", at(50), at(500)}));
    ASSERT_TRUE(revoke({revoked_kind::user, "dr", at(60), at(600)}));
    ASSERT_TRUE(revoke({revoked_kind::user, "dr", at(40), at(400)}));
    auto const all = revocations(1);
    ASSERT_EQ(all.size(), 1u);
    EXPECT_EQ(all[0].at, at(60));
    EXPECT_EQ(all[0].until, at(600));
}

TEST_P(TokenStore, CountsTriesAtAPinUntilNoneIsLeft)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put_invite(invite(1, "salt$hash")), errc::ok);
    EXPECT_EQ(find(invite(1).hash).pin_hash, "salt$hash");
    for (unsigned left : {4u, 3u, 2u, 1u, 0u}) EXPECT_EQ(try_pin(1).value(), left);
    EXPECT_EQ(code_of(try_pin(1)), errc::forbidden);
    EXPECT_EQ(code_of(try_pin(2)), errc::not_found);
    EXPECT_EQ(find(invite(1).hash).pin_tries, 5u);
}

TEST_P(TokenStore, GivesTriesBackWhenRedeemed)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put_invite(invite(1, "salt$hash")), errc::ok);
    EXPECT_EQ(find(invite(1).hash).redeemed_at, std::nullopt);
    ASSERT_TRUE(try_pin(1));
    EXPECT_EQ(redeem(1, token(11, 5, 100)), errc::ok);
    EXPECT_EQ(redeem(1, token(12, 7, 100)), errc::ok);
    EXPECT_EQ(redeem(2, token(13, 7, 100)), errc::not_found);
    auto const row = find(invite(1).hash);
    EXPECT_EQ(row.pin_tries, 0u);
    EXPECT_EQ(row.redeemed_at, at(7));
    EXPECT_EQ(row.redeemed_count, 2u);
    EXPECT_EQ(revoke({revoked_kind::token, uuid(12), at(8), at(900'000)})->until, at(100) + store::retention::tokens)
        << "the token is known";
}

TEST_P(TokenStore, ReissuesWithANewCodeAndAllTries)
{
    ASSERT_EQ(put(1), errc::ok);
    ASSERT_EQ(put(2), errc::ok);
    ASSERT_EQ(put_invite(invite(1, "salt$hash")), errc::ok);
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(try_pin(1));
    auto const hash = store::sha256_hex("new");
    EXPECT_EQ(code_of(reissue(2, 1, hash)), errc::not_found) << "of another appointment";
    auto const row = reissue(1, 1, hash).value();
    EXPECT_EQ(row.id, uuid(1));
    EXPECT_EQ(row.expires_at, at(1'800));
    EXPECT_EQ(row.pin_hash, "salt$hash");
    EXPECT_EQ(try_pin(1).value(), 4u);
    EXPECT_EQ(code_of(ask<service::invite_row>([&](auto done) { store_->find_invite(invite(1).hash, done); })),
        errc::not_found)
        << "the old code";
    ASSERT_EQ(find(hash).id, uuid(1));
    ask<void>([&](auto done) { store_->revoke_invite(appointment_no(1), uuid(1), at(5), done); }).value();
    EXPECT_EQ(code_of(reissue(1, 1, store::sha256_hex("newer"))), errc::gone);
    EXPECT_EQ(redeem(1, token(14, 7, 100)), errc::gone);
}

TEST_P(TokenStore, KeepsTheScopesOfKeysAndRevokesOneByItsPrefix)
{
    auto const key = [](std::string const& secret, std::vector<std::string> scopes) {
        return service::api_key_row{"booking", secret.substr(0, 6), store::sha256_hex(secret), at(1), {}, scopes};
    };
    auto const put_key = [&](service::api_key_row const& row) {
        return code_of(ask<void>([&](auto done) { store_->put_api_key(row, done); }));
    };
    ASSERT_EQ(put_key(key("rk_one", {"appointments", "tokens"})), errc::ok);
    ASSERT_EQ(put_key(key("rk_two", {})), errc::ok);
    auto const revoked = ask<std::size_t>([&](auto done) { store_->revoke_api_keys("rk_one", at(9), done); }).value();
    EXPECT_EQ(revoked, 1u);
    auto const found = [&](std::string const& secret) {
        return ask<service::api_key_row>([&](auto done) {
            store_->find_api_key(store::sha256_hex(secret), done);
        }).value();
    };
    EXPECT_EQ(found("rk_one").revoked_at, at(9));
    EXPECT_EQ(found("rk_one").scopes, (std::vector<std::string>{"appointments", "tokens"}));
    EXPECT_EQ(found("rk_two").revoked_at, std::nullopt) << "the other of that name lives on";
    EXPECT_TRUE(found("rk_two").scopes.empty());
}

} // namespace
} // namespace rendezvous::store_tests
