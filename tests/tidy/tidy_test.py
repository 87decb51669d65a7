#!/usr/bin/env python3
"""Proves that every check can fail, and that it lets good text pass."""

import sys
import unittest

import clocks
import coroutines
import includes
import length
import locales
import sleeps
import web

DOOR = {'include/rendezvous/call/room.hpp': '', 'include/rendezvous/net/listener.hpp': '',
        'include/rendezvous/base/error.hpp': '', 'include/rendezvous/store/store.hpp': '',
        'src/call/room_state.hpp': ''}


class Case(unittest.TestCase):
    def found(self, check, files):
        return [str(finding) for finding in check.check(files)]

    def refuses(self, check, path, text, part='', beside=()):
        found = self.found(check, {**dict(beside), path: text})
        self.assertTrue(found, 'nothing found in: ' + text)
        self.assertTrue(any(part in line for line in found), 'no %r in %s' % (part, found))

    def accepts(self, check, path, text, beside=()):
        self.assertEqual([], self.found(check, {**dict(beside), path: text}))


class Includes(Case):
    def include(self, path, header):
        return path, '#include "%s"\n' % header

    def test_refuses_an_arrow_that_points_back_up(self):
        self.refuses(includes, *self.include('src/call/room.cpp', 'rendezvous/net/listener.hpp'), 'call may not include net', DOOR)

    def test_refuses_net_that_skips_the_hallway(self):
        self.refuses(includes, *self.include('src/net/a.cpp', 'rendezvous/store/store.hpp'), 'net may not include store', DOOR)

    def test_refuses_the_arrow_in_angle_brackets_too(self):
        self.refuses(includes, 'src/call/room.cpp', '#include <rendezvous/net/listener.hpp>\n', 'call may not', DOOR)

    def test_accepts_arrows_that_point_down(self):
        self.accepts(includes, *self.include('src/net/a.cpp', 'rendezvous/call/room.hpp'), DOOR)
        self.accepts(includes, *self.include('src/call/room.cpp', 'rendezvous/base/error.hpp'), DOOR)

    def test_refuses_the_inside_of_another_folder(self):
        self.refuses(includes, *self.include('src/service/a.cpp', '../call/room_state.hpp'), 'inside of another', DOOR)
        self.refuses(includes, *self.include('src/service/a.cpp', 'call/room_state.hpp'), 'inside of another', DOOR)

    def test_accepts_ones_own_inside(self):
        self.accepts(includes, *self.include('src/call/room.cpp', 'room_state.hpp'), DOOR)

    def test_refuses_a_door_that_shows_the_inside(self):
        self.refuses(includes, *self.include('include/rendezvous/call/a.hpp', '../../../src/call/room_state.hpp'), 'a door', DOOR)

    def test_refuses_a_header_that_does_not_exist(self):
        self.refuses(includes, *self.include('src/call/room.cpp', 'rendezvous/call/gone.hpp'), 'does not exist', DOOR)

    def test_refuses_a_folder_that_nobody_decided_on(self):
        self.refuses(includes, 'src/util/a.cpp', '', 'util is not in')

    def test_refuses_libraries_outside_their_place(self):
        for path, header in [('src/call/a.cpp', 'boost/asio.hpp'), ('src/protocol/a.cpp', 'boost/asio/post.hpp'),
                             ('src/base/a.cpp', 'boost/asio.hpp'), ('src/app/a.cpp', 'boost/beast.hpp'),
                             ('include/rendezvous/net/a.hpp', 'boost/beast/http.hpp'),
                             ('src/net/a.cpp', 'nlohmann/json.hpp'), ('src/service/a.cpp', 'nlohmann/json_fwd.hpp'),
                             ('src/app/main.cpp', 'toml++/toml.h'), ('src/store/memory/a.cpp', 'sqlite3.h'),
                             ('src/call/a.cpp', 'thread'), ('src/protocol/a.cpp', 'sys/socket.h'),
                             ('src/net/a.cpp', 'spdlog/spdlog.h'), ('src/call/a.cpp', 'openssl/evp.h')]:
            self.refuses(includes, path, '#include <%s>\n' % header, 'does not belong')

    def test_accepts_libraries_in_their_place(self):
        for path, header in [('src/net/a.cpp', 'boost/beast/http.hpp'), ('src/auth/a.cpp', 'nlohmann/json.hpp'),
                             ('src/app/config.cpp', 'toml++/toml.h'), ('src/store/sqlite/a.cpp', 'sqlite3.h'),
                             ('src/call/a.cpp', 'vector'), ('src/service/a.cpp', 'thread')]:
            self.accepts(includes, path, '#include <%s>\n' % header)

    def test_ignores_includes_in_comments(self):
        self.accepts(includes, 'src/call/a.cpp', '// text\n/*\n#include <boost/asio.hpp>\n*/\n')

    def test_counts_the_units_that_reach_beast_through_private_headers(self):
        files = {'src/net/beast.hpp': '#include <boost/beast.hpp>\n'}
        files.update({'src/net/u%d.cpp' % i: '#include "beast.hpp"\n' for i in range(4)})
        self.assertEqual([], self.found(includes, files))
        self.refuses(includes, 'src/net/u5.cpp', '#include "beast.hpp"\n', '5 translation units', files)

    def test_refuses_a_test_that_reaches_into_another_folder(self):
        self.refuses(includes, *self.include('tests/unit/net/a_test.cpp', 'call/room_state.hpp'), 'only tests/unit/call', DOOR)
        self.refuses(includes, *self.include('tests/system/a_test.cpp', 'call/room_state.hpp'), 'only tests/unit/call', DOOR)
        self.accepts(includes, *self.include('tests/unit/call/a_test.cpp', 'call/room_state.hpp'), DOOR)
        self.accepts(includes, *self.include('tests/system/a.cpp', 'app/house.hpp'), {'src/app/house.hpp': ''})


class Coroutines(Case):
    BAD = ['co_await f({a, b});', 'co_await f(X{a});', 'co_await f([x] { return x; });', 'x = c ? co_await f(v) : y;',
           'if (c && co_await f(v)) g();', 'auto [ec, n] = co_await f(v);', 'auto a = A{.b = co_await f(v)};',
           'int a[] = {co_await f(v)};', 'for (auto x : co_await f(v)) g(x);', 'g(co_await f(v));',
           'auto r = co_await (a(v) || b(v));', 'auto r = co_await f(list[0]);', 'co_return co_await f(v);',
           'auto r = co_await g(co_await f(v));', 'auto&& [ec, n] = co_await f(v);', 'auto r = co_await f(v) + 1;',
           'auto r = co_await f(\n    v, {a});']
    GOOD = ['co_await f(v);', 'auto r = co_await f(v, w);\nauto& [ec, n] = r;', 'auto const r = co_await op(as_tuple(use_awaitable));',
            'r = co_await f(v);', 'this->r = co_await f(v);', 'result<int> r = co_await f(v);', '// co_await f({a});',
            'std::size_t const n = co_await f(v);', 'auto s = "co_await {";', 'auto r = co_await stream.read(buffer,\n    use_awaitable);',
            'auto e = co_await asio::this_coro::executor;', 'r = co_await p->read<int, 3>(g(v), h(w));']

    def test_refuses_the_shapes_that_are_miscompiled(self):
        for statement in self.BAD:
            self.refuses(coroutines, 'src/net/a.cpp', 'task f()\n{\n    %s\n}\n' % statement)

    def test_accepts_the_plain_shapes(self):
        for statement in self.GOOD:
            self.accepts(coroutines, 'src/net/a.cpp', 'task f()\n{\n    %s\n}\n' % statement)

    def test_names_the_line(self):
        self.refuses(coroutines, 'src/net/a.cpp', 'a;\nb;\nco_await f({a});\n', 'src/net/a.cpp:3:')


class Clocks(Case):
    def test_refuses_a_second_clock(self):
        for text in ['auto t = std::chrono::steady_clock::now();', 'auto t = system_clock::now();', 'time(nullptr);',
                     'clock_gettime(CLOCK_REALTIME, &t);', 'std::time(&t);']:
            self.refuses(clocks, 'src/service/a.cpp', text)

    def test_accepts_the_one_clock_and_injected_time(self):
        self.accepts(clocks, 'src/base/clock.cpp', 'return std::chrono::system_clock::now();')
        self.accepts(clocks, 'src/service/a.cpp', 'auto t = clock.now(); // not steady_clock::now()')


class Sleeps(Case):
    def test_refuses_sleeps_in_every_language(self):
        for path, text in [('tests/unit/a.cpp', 'std::this_thread::sleep_for(1ms);'), ('tests/unit/a.cpp', '::usleep(5);'),
                           ('tests/a.py', 'time.sleep(1)'), ('tests/e2e/run', 'x\nsleep 1\n'),
                           ('tests/web/a.test.mjs', 'await new Promise((resolve) => setTimeout(resolve, 10));'),
                           ('tests/web/a.test.mjs', 'await new Promise(r => { setTimeout(r, 10) });'),
                           ('tests/web/a.test.mjs', "import { setTimeout as wait } from 'node:timers/promises';")]:
            self.refuses(sleeps, path, text)

    def test_accepts_conditions_and_other_folders(self):
        self.accepts(sleeps, 'tests/unit/a.cpp', 'clock.advance(5s); // no sleep_for')
        self.accepts(sleeps, 'src/net/a.cpp', 'sleep_for(1ms);')
        self.accepts(sleeps, 'tests/web/a.test.mjs', 'const timer = setTimeout(() => reject(new Error(x)), 10);')


class Length(Case):
    def test_refuses_very_long_and_tells_long_files(self):
        self.refuses(length, 'src/net/a.cpp', 'x\n' * 601, '601 lines')
        self.accepts(length, 'src/net/a.cpp', 'x\n' * 600)
        self.assertEqual(1, len(length.notes({'src/net/a.cpp': 'x\n' * 351, 'src/net/b.cpp': 'x\n' * 350})))


class Locales(Case):
    EN = {'web/locales/en.json': '{"a": {"b": "hello {name}"}, "n": {"one": "{n} day", "other": "{n} days"}}'}

    def test_refuses_a_missing_key(self):
        self.refuses(locales, 'web/locales/ar.json', '{"a": {"b": "x {name}"}}', 'key n is missing', self.EN)

    def test_refuses_a_key_that_only_one_has(self):
        self.refuses(locales, 'web/locales/ar.json', '{"a": {"b": "x {name}", "c": "y"}, "n": {"other": "{n}"}}', 'a.c is missing', self.EN)

    def test_refuses_other_variables_empty_texts_doubles_and_bad_json(self):
        self.refuses(locales, 'web/locales/ar.json', '{"a": {"b": "x {who}"}, "n": {"other": "{n}"}}', 'other variables', self.EN)
        self.refuses(locales, 'web/locales/ar.json', '{"a": " "}', 'no text')
        self.refuses(locales, 'web/locales/ar.json', '{"a": "x", "a": "y"}', 'stands twice')
        self.refuses(locales, 'web/locales/ar.json', '{"a": ', 'Expecting')

    def test_accepts_equal_keys(self):
        self.accepts(locales, 'web/locales/ar.json', '{"a": {"b": "{name}"}, "n": {"few": "{n}", "other": "{n}"}}', self.EN)


class Web(Case):
    def test_refuses_inline_script_and_style(self):
        for text in ['<script>x()</script>', '<script type="module"></script>', '<style>a{}</style>', '<p style="x">',
                     '<button onclick="x()">', '<a href="javascript:x()">']:
            self.refuses(web, 'web/a.html', text)

    def test_refuses_third_parties(self):
        self.refuses(web, 'web/a.html', '<script src="https://cdn.example.com/a.js"></script>', 'own origin')
        self.refuses(web, 'web/a.html', '<img src="//cdn.example.com/a.png">', 'own origin')
        self.refuses(web, 'web/css/a.css', '@import url("https://fonts.example.com/a");', 'own origin')
        self.refuses(web, 'web/js/a.js', "await fetch('https://stun.example.com');", 'own origin')

    def test_refuses_physical_sides(self):
        for text in ['a{margin-left:1px}', 'a{ text-align: right }', 'a{left: 0}', 'a {\n  right : 3px;\n}', 'a{float:left}',
                     'a{border-top-left-radius:1px}', 'a{color:red; padding-right: 0}']:
            self.refuses(web, 'web/css/a.css', text, 'logical')
        self.refuses(web, 'web/js/a.js', 'const s = `a { margin-left: 1px }`;', 'logical')

    def test_refuses_html_strings(self):
        for text in ['e.innerHTML = x;', 'e.insertAdjacentHTML("beforeend", x);', 'eval(x)', "e.setAttribute('style', x)"]:
            self.refuses(web, 'web/js/a.js', text)

    def test_accepts_what_the_pages_need(self):
        self.accepts(web, 'web/a.html', '<!-- https://example.com --><script type="module" src="/js/a.js"></script><link rel="stylesheet" href="/css/a.css">')
        self.accepts(web, 'web/css/a.css', '/* left: 0 */ a { margin-inline-start: 1px; inset-inline-end: 0; text-align: start; background: url(/a.svg) }')
        self.accepts(web, 'web/js/a.js', "// https://www.rfc-editor.org/rfc/rfc9429\nconst ns = 'http://www.w3.org/2000/svg';\nnew URL(a, 'https://page.invalid');\nif (e.innerHTML == x) left = 1;")


class Told(unittest.TextTestResult):
    """One line per test, as tidy.py prints for its checks."""

    def addSuccess(self, test):
        super().addSuccess(test)
        print('ok ' + test.id().replace('__main__.', 'tidy_test.'))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        print('FAIL ' + test.id().replace('__main__.', 'tidy_test.'))

    def addError(self, test, err):
        super().addError(test, err)
        print('FAIL ' + test.id().replace('__main__.', 'tidy_test.'))


if __name__ == '__main__':
    unittest.main(testRunner=unittest.TextTestRunner(stream=sys.stderr, resultclass=Told, verbosity=0))
