#pragma once

// Everything of kalam-link. In ten lines:
//
//   #include <kalam/kalam.h>
//
//   auto client = kalam::Client::Builder().Host("http://localhost:8080").User("maya").Build();
//   if (!client) return Fail(client.error());
//   auto answer = client->Query("SELECT id, body FROM app.notes WHERE id > $1", {kalam::Param(7)});
//   if (!answer) return Fail(answer.error());
//   for (const kalam::Row row : answer->results.front().rows)
//     std::cout << row["id"].text() << ": " << row["body"].text() << "\n";

#include "kalam/auth.h"
#include "kalam/cancellation.h"
#include "kalam/client.h"
#include "kalam/error.h"
#include "kalam/param.h"
#include "kalam/response.h"
#include "kalam/result.h"
#include "kalam/row_text.h"
#include "kalam/subscription.h"
