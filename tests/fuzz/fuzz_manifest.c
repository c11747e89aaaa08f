/* Fuzzes the reader of manifests: what can be read must come back when it is written and read again. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "persist/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void write_and_read(const struct manifest *manifest)
{
	struct buffer text = {0}, again = {0};
	struct manifest_error error;
	struct manifest read = {0};

	manifest_format(manifest, &text);
	require(!text.failed, "no memory");
	/* a line may have become too long by quoting */
	if (manifest_parse(&read, buffer_slice(&text), &error)) {
		manifest_format(&read, &again);
		require(slice_equal(buffer_slice(&text), buffer_slice(&again)), "another manifest comes back");
		require(read.incr_seq == manifest->incr_seq, "another number comes next");
	}
	manifest_free(&read);
	buffer_free(&again);
	buffer_free(&text);
}

/* Every change keeps the order of the lines. */
static void change(struct manifest *manifest)
{
	struct manifest copy;

	require(manifest_copy(&copy, manifest), "no memory");
	require(manifest_add_base(&copy, "a b", true) != NULL && manifest_add_incr(&copy, "a b") != NULL, "no memory");
	write_and_read(&copy);
	manifest_retire(&copy, copy.incr_seq);
	write_and_read(&copy);
	manifest_drop_history(&copy);
	write_and_read(&copy);
	require(copy.count == 2, "history is left");
	manifest_free(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct manifest manifest = {0};
	struct manifest_error error;

	if (!manifest_parse(&manifest, (struct slice){(const char *)data, size}, &error)) {
		require(error.text != NULL && manifest.files == NULL, "no error");
		return 0;
	}
	write_and_read(&manifest);
	change(&manifest);
	manifest_free(&manifest);
	return 0;
}
