#pragma once

#include <ostream>

#include "support/server_process.h"
#include "support/slt_script.h"
#include "support/sql_client.h"

namespace kalam::test {

// Runs one script on a server of its own and reports each step that went otherwise: the line, the
// request, the answer. A failed step does not stop the script.
class SltRunner {
 public:
  SltRunner(SltScript script, std::ostream& report);

  // The number of failed steps.
  int Run();

 private:
  void Do(const SltStatement& statement);
  void Do(const SltQuery& query);
  void Do(const SltUser& user);
  void Do(const SltRestart& restart);
  void Fail(const std::string& why, const SqlAnswer& answer);

  const SltScript script_;
  std::ostream& report_;
  ServerProcess server_;
  SqlClient client_{0};
  std::string user_;
  int line_ = 0;
  int failures_ = 0;
};

}  // namespace kalam::test
