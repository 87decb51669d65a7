// The bodies of Asio's functions, once for the whole program (BOOST_ASIO_SEPARATE_COMPILATION).
// Here, because service is the lowest folder that uses Asio.
#include <boost/asio/impl/src.hpp>
