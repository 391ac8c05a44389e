#pragma once

namespace duckdb {
class DatabaseInstance;
}

namespace kalam::duck {

// An instance of the engine keeps the record of a buffer [some 250 bytes] after the buffer itself is gone, until there
// are 32,768 of them: a server grows by some megabytes over its first hour. Lets go of them now.
//
// Thread-safe, beside running queries.
void ForgetFreedBuffers(duckdb::DatabaseInstance& instance);

}  // namespace kalam::duck
