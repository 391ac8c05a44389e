#pragma once

#include <kalam/error.h>

namespace kalam::cli {

// What the process tells its caller. Scripts rely on the numbers: they are part of the interface
// (`kalam --help` lists them).
enum class ExitCode {
  kOk = 0,
  kSqlError = 1,        // the server refused or failed a statement
  kUsage = 2,           // wrong arguments, an unreadable file, a malformed configuration
  kConnection = 3,      // no connection, or it broke, or nothing came in time
  kAuthentication = 4,  // the server does not accept the credentials
  kProtocol = 5,        // whatever answers does not speak KalamDB's protocol
  kRowsRefused = 6,     // import: the file was read to its end, but some rows were refused
  kInterrupted = 130,   // Ctrl+C cancelled a statement
};

ExitCode ExitCodeOf(const Error& error);

// The code shown in `ERROR <code>: <message>`: the server's own, or one for our side.
std::string CodeOf(const Error& error);

// An error of the command line itself.
Error UsageError(std::string message);

}  // namespace kalam::cli
