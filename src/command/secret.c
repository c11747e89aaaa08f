/* One function for each command that takes a secret; all others are told apart by their handler at once. */
#include "command/secret.h"

#include "command/handlers.h"

/* HELLO 3 AUTH user password SETNAME name: both words behind AUTH. */
static bool is_secret_of_hello(const struct slice *argv, size_t argc, size_t index)
{
	size_t at = 2;

	while (at < argc && at < index) {
		bool auth = slice_is_word(argv[at], "auth");

		if (auth && index <= at + 2)
			return true;
		at += auth ? 3 : slice_is_word(argv[at], "setname") ? 2 : 1;
	}
	return false;
}

/* CONFIG SET name value [name value ...]: the values of passwords. */
static bool is_secret_of_config_set(const struct slice *argv, size_t index)
{
	return index >= 3 && index % 2 == 1 &&
	       (slice_is_word(argv[index - 1], "requirepass") || slice_is_word(argv[index - 1], "masterauth"));
}

bool secret_argument(const struct command *command, const struct slice *argv, size_t argc, size_t index)
{
	if (command->handler == auth_command)
		return index >= 1;
	if (command->handler == hello_command)
		return is_secret_of_hello(argv, argc, index);
	if (command->handler == config_set_command)
		return is_secret_of_config_set(argv, index);
	return false;
}
