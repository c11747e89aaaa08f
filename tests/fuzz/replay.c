/*
 * Runs a fuzzer's entry point over the files of directories: the corpus as a test, with any compiler.
 *
 * An input that breaks something ends the process, so the name of each is written before it is tried.
 */
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Runs one file; false when it cannot be read. The bytes are in an allocation of exactly their size, so that a read
 * beyond them is seen. */
static bool replay_file(const char *path)
{
	struct stat status;
	FILE *file = fopen(path, "rb");
	uint8_t *data;
	bool whole;

	if (file == NULL || fstat(fileno(file), &status) != 0) {
		perror(path);
		return false;
	}
	data = malloc(status.st_size > 0 ? (size_t)status.st_size : 1);
	whole = data != NULL && fread(data, 1, (size_t)status.st_size, file) == (size_t)status.st_size;
	fclose(file);
	if (whole)
		LLVMFuzzerTestOneInput(data, (size_t)status.st_size);
	free(data);
	return whole;
}

static void replay_directory(const char *directory, unsigned *passed, unsigned *failed)
{
	DIR *listing = opendir(directory);
	struct dirent *entry;
	char path[4096];

	if (listing == NULL) {
		perror(directory);
		++*failed;
		return;
	}
	while ((entry = readdir(listing)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
		fprintf(stderr, "%s\n", path);
		++*(replay_file(path) ? passed : failed);
	}
	closedir(listing);
}

int main(int argc, char **argv)
{
	unsigned passed = 0, failed = 0;

	for (int i = 1; i < argc; i++)
		replay_directory(argv[i], &passed, &failed);
	printf("%u passed, %u failed\n", passed, failed);
	return failed == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
