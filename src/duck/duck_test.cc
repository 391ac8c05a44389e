#include "duck/engine.h"
