#include "server/data_dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/config.h"

/* Whether files can be reached in it; whether they can be written shows when they are. */
static int look_at(const char *path)
{
	struct stat status;

	if (stat(path, &status) != 0)
		return errno;
	if (!S_ISDIR(status.st_mode))
		return ENOTDIR;
	return access(path, X_OK) == 0 ? 0 : errno;
}

bool data_dir_is(const char *path, const char *other)
{
	struct stat first, second;

	if (strcmp(path, other) == 0)
		return true;
	return stat(path, &first) == 0 && stat(other, &second) == 0 && first.st_dev == second.st_dev &&
	       first.st_ino == second.st_ino;
}

bool data_dir_check(int64_t number, struct slice text, char *error)
{
	int failure = look_at(text.data); /* a whole text, which ends in a NUL */

	(void)number;
	if (failure != 0)
		snprintf(error, CONFIG_ERROR_TEXT, "%s", strerror(failure));
	return failure == 0;
}

bool data_dir_complete(const char *before, struct config_value *value)
{
	char *path = realpath(value->text, NULL);

	(void)before;
	if (path == NULL)
		return errno != ENOMEM; /* it has gone since it was looked at */
	free(value->text);
	value->text = path;
	return true;
}
