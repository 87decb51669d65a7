#pragma once

#include "rendezvous/base/error.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <utility>

namespace rendezvous::service {

/// What a coroutine of the house returns: a value or an error, later, on the same executor.
template <class T>
using task = boost::asio::awaitable<base::result<T>>;

/// Makes a coroutine wait for something that answers by callback. `start` is called at once with
/// the callback; the callback may be called from any thread, exactly once. The coroutine goes on
/// on its own executor.
///
/// Call it as `auto r = co_await later<T>(named_function);` (g++ 12 destroys temporaries twice).
template <class T>
task<T> later(std::function<void(std::function<void(base::result<T>)>)> start)
{
    auto initiate = [](auto handler, std::function<void(std::function<void(base::result<T>)>)> begin) {
        auto const kept = std::make_shared<decltype(handler)>(std::move(handler));
        auto const executor = boost::asio::get_associated_executor(*kept);
        begin([kept, executor](base::result<T> got) {
            boost::asio::post(executor, [kept, got = std::move(got)]() mutable { std::move (*kept)(std::move(got)); });
        });
    };
    return boost::asio::async_initiate<boost::asio::use_awaitable_t<> const, void(base::result<T>)>(
        std::move(initiate), boost::asio::use_awaitable, std::move(start));
}

} // namespace rendezvous::service
