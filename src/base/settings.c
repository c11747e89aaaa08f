/* The one copy of the settings. All are 0 until server/config.c puts its defaults in, at boot. */
#include "base/settings.h"

struct settings settings;
