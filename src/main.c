/* cubbyd: arguments in, exit status out. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "server/config.h"
#include "server/manual.h"
#include "server/server.h"

/* Answers --help and the like. False when `argument` is none of them. */
static bool answer(const char *argument)
{
	struct buffer text = {0};
	bool known = manual_print(argument, &text);

	if (known)
		fwrite(text.data, 1, text.len, stdout);
	buffer_free(&text);
	return known;
}

/* Whoever starts the daemon may have closed the standard descriptors. They must not become those of sockets and data
 * files: what is written to standard error would end up there, and libuv aborts when it is to close one of them. */
static void fill_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", O_RDWR) != fd)
			_exit(EXIT_FAILURE); /* nobody could be told */
	}
}

int main(int argc, char **argv)
{
	char error[CONFIG_ERROR_TEXT];
	struct config config;
	int status = EXIT_FAILURE;

	fill_standard_descriptors();
	for (int i = 1; i < argc; i++) {
		/* Behind the first argument, a word with less than two hyphens is some setting's value. */
		if ((i == 1 || strncmp(argv[i], "--", 2) == 0) && answer(argv[i]))
			return EXIT_SUCCESS;
	}
	if (!config_init(&config)) {
		fputs("cubbyd: out of memory\n", stderr);
		return EXIT_FAILURE;
	}
	if (config_load(&config, argc - 1, argv + 1, error))
		status = server_run(&config);
	else
		fprintf(stderr, "cubbyd: %s\n", error);
	config_free(&config);
	return status;
}
