#include "app.h"

int main(int argc, char** argv) { return kalam::cli::RunApp(argc, argv); }
