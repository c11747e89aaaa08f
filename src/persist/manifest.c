/*
 * The happy path of reading: each line is words in pairs, a field's name and its value; "file", "seq" and "type" are
 * there, others may be (of later versions). The rules and the words for what breaks them are those of Redis's aof.c.
 *
 * The files are one array in the order of the lines, because there are few of them: a base, a history that is soon
 * removed, and an increment for each rewrite that failed.
 */
#include "persist/manifest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "persist/file.h"
#include "resp/inline.h"

enum {
	LINE_MOST = 1023,	      /* bytes of a line with its end: more than Redis reads at once */
	FIELDS_MIN = 6,		      /* words of a line */
	FILE_MOST = 16 * 1024 * 1024, /* bytes of a manifest */
};

static const char bad_format[] = "Invalid AOF manifest file format";

/* --- the list ----------------------------------------------------------------------------------------------------- */

void manifest_free(struct manifest *manifest)
{
	for (size_t i = 0; i < manifest->count; i++)
		free(manifest->files[i].name);
	free(manifest->files);
	*manifest = (struct manifest){0};
}

/* Makes room for one more file. */
static bool reserve(struct manifest *manifest)
{
	size_t cap = manifest->cap == 0 ? 4 : 2 * manifest->cap;
	struct manifest_file *files;

	if (manifest->count < manifest->cap)
		return true;
	files = realloc(manifest->files, cap * sizeof(*files));
	if (files == NULL)
		return false;
	manifest->files = files;
	manifest->cap = cap;
	return true;
}

/* Where the files of a kind end in the order of the lines. */
static size_t end_of(const struct manifest *manifest, enum manifest_kind kind)
{
	size_t end = manifest->count;

	if (kind == MANIFEST_INCR)
		return end;
	while (end > 0 && manifest->files[end - 1].kind == MANIFEST_INCR)
		end--;
	if (kind == MANIFEST_BASE && end > 0)
		end = manifest->files[0].kind == MANIFEST_BASE ? 1 : 0;
	return end;
}

/* Puts a file behind those of its kind; there must be room. The name is the manifest's from now on. */
static const char *insert(struct manifest *manifest, struct manifest_file file)
{
	size_t at = end_of(manifest, file.kind);
	struct manifest_file *place = &manifest->files[at];

	memmove(place + 1, place, (manifest->count - at) * sizeof(*place));
	manifest->count++;
	*place = file;
	if (file.kind == MANIFEST_BASE && file.seq > manifest->base_seq)
		manifest->base_seq = file.seq;
	if (file.kind == MANIFEST_INCR)
		manifest->incr_seq = file.seq;
	return file.name;
}

/* The same with a copy of the name; NULL when there is no memory. */
static const char *add(struct manifest *manifest, const char *name, int64_t seq, enum manifest_kind kind)
{
	char *copy = strdup(name);

	if (copy == NULL || !reserve(manifest)) {
		free(copy);
		return NULL;
	}
	return insert(manifest, (struct manifest_file){copy, seq, kind});
}

bool manifest_copy(struct manifest *copy, const struct manifest *manifest)
{
	*copy = (struct manifest){0};
	for (size_t i = 0; i < manifest->count; i++) {
		const struct manifest_file *file = &manifest->files[i];

		if (add(copy, file->name, file->seq, file->kind) == NULL) {
			manifest_free(copy);
			return false;
		}
	}
	copy->base_seq = manifest->base_seq;
	copy->incr_seq = manifest->incr_seq;
	return true;
}

const struct manifest_file *manifest_next(const struct manifest *manifest, enum manifest_kind kind,
					  const struct manifest_file *previous)
{
	size_t i = previous == NULL ? 0 : (size_t)(previous - manifest->files) + 1;

	while (i < manifest->count && manifest->files[i].kind != kind)
		i++;
	return i < manifest->count ? &manifest->files[i] : NULL;
}

const struct manifest_file *manifest_base(const struct manifest *manifest)
{
	return manifest_next(manifest, MANIFEST_BASE, NULL);
}

const struct manifest_file *manifest_last_incr(const struct manifest *manifest)
{
	const struct manifest_file *last = manifest->count > 0 ? &manifest->files[manifest->count - 1] : NULL;

	return last != NULL && last->kind == MANIFEST_INCR ? last : NULL;
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

/* "filename.seq.suffix" as an allocation; NULL: no memory. */
static char *make_name(const char *filename, int64_t seq, const char *suffix)
{
	size_t size = strlen(filename) + NUMBER_INT64_TEXT + strlen(suffix) + 2;
	char *name = malloc(size);

	if (name != NULL)
		snprintf(name, size, "%s.%lld.%s", filename, (long long)seq, suffix);
	return name;
}

const char *manifest_add_base(struct manifest *manifest, const char *filename, bool rdb)
{
	int64_t seq = manifest->base_seq + 1;
	char *name = make_name(filename, seq, rdb ? "base.rdb" : "base.aof");

	if (name == NULL || !reserve(manifest)) {
		free(name);
		return NULL;
	}
	if (manifest_base(manifest) != NULL)
		manifest->files[0].kind = MANIFEST_HISTORY;
	return insert(manifest, (struct manifest_file){name, seq, MANIFEST_BASE});
}

const char *manifest_add_incr(struct manifest *manifest, const char *filename)
{
	int64_t seq = manifest->incr_seq + 1;
	char *name = make_name(filename, seq, "incr.aof");

	if (name == NULL || !reserve(manifest)) {
		free(name);
		return NULL;
	}
	return insert(manifest, (struct manifest_file){name, seq, MANIFEST_INCR});
}

const char *manifest_adopt_base(struct manifest *manifest, const char *filename)
{
	return add(manifest, filename, 1, MANIFEST_BASE);
}

/* They are behind the history already. */
void manifest_retire(struct manifest *manifest, int64_t seq)
{
	for (size_t i = end_of(manifest, MANIFEST_HISTORY); i < manifest->count && manifest->files[i].seq < seq; i++)
		manifest->files[i].kind = MANIFEST_HISTORY;
}

void manifest_drop_history(struct manifest *manifest)
{
	size_t kept = 0;

	for (size_t i = 0; i < manifest->count; i++) {
		if (manifest->files[i].kind == MANIFEST_HISTORY)
			free(manifest->files[i].name);
		else
			manifest->files[kept++] = manifest->files[i];
	}
	manifest->count = kept;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

/* What a line says so far. */
struct line_fields {
	struct slice name;
	int64_t seq;
	char kind;
};

/* A file of the manifest's own directory, and not that directory. */
static bool is_file_name(struct slice name)
{
	return memchr(name.data, '/', name.len) == NULL && memchr(name.data, '\\', name.len) == NULL &&
	       !slice_equal(name, SLICE(".")) && !slice_equal(name, SLICE(".."));
}

/* Takes a field's value; returns what is wrong with it. */
static const char *take_field(struct line_fields *fields, struct slice field, struct slice value)
{
	if (slice_is_word(field, "file")) {
		if (value.len == 0 || memchr(value.data, '\0', value.len) != NULL)
			return bad_format;
		if (!is_file_name(value))
			return "File can't be a path, just a filename";
		fields->name = value;
	} else if (slice_is_word(field, "seq")) {
		/* Half of all numbers leave room for names that are to come. */
		if (!number_parse_int64(value, &fields->seq) || fields->seq <= 0 || fields->seq > INT64_MAX / 2)
			return bad_format;
	} else if (slice_is_word(field, "type")) {
		fields->kind = value.len > 0 ? value.data[0] : '\0';
	}
	return NULL;
}

/* Reads the words of a line, which are unquoted in place. */
static const char *read_fields(struct line_fields *fields, char *line, size_t len)
{
	struct slice words[LINE_MOST];
	const char *wrong = NULL;
	size_t count;

	if (!inline_split(line, len, words, &count) || count < FIELDS_MIN || count % 2 != 0)
		return bad_format;
	for (size_t i = 0; i < count && wrong == NULL; i += 2)
		wrong = take_field(fields, words[i], words[i + 1]);
	if (wrong == NULL && (fields->name.len == 0 || fields->seq == 0 || fields->kind == '\0'))
		wrong = bad_format;
	return wrong;
}

/* Whether a file may stand in the manifest behind those that are there. */
static const char *check_order(const struct manifest *manifest, const struct line_fields *fields)
{
	switch (fields->kind) {
	case MANIFEST_BASE:
		return manifest_base(manifest) != NULL ? "Found duplicate base file information" : NULL;
	case MANIFEST_INCR:
		return fields->seq <= manifest->incr_seq ? "Found a non-monotonic sequence number" : NULL;
	case MANIFEST_HISTORY:
		return NULL;
	default:
		return "Unknown AOF file type";
	}
}

static bool take_line(struct manifest *manifest, struct slice line, struct manifest_error *error)
{
	struct line_fields fields = {0};
	char copy[LINE_MOST + 1];

	memcpy(copy, line.data, line.len);
	error->text = read_fields(&fields, copy, line.len);
	if (error->text == NULL)
		error->text = check_order(manifest, &fields);
	if (error->text != NULL)
		return false;
	/* Words are within the line, each with its quote or a space behind it, so there is room for a NUL. */
	copy[(size_t)(fields.name.data - copy) + fields.name.len] = '\0';
	if (add(manifest, fields.name.data, fields.seq, (enum manifest_kind)fields.kind) != NULL)
		return true;
	error->code = -ENOMEM;
	error->text = file_error(-ENOMEM);
	return false;
}

static bool parse_lines(struct manifest *manifest, struct slice text, struct manifest_error *error)
{
	while (text.len > 0) {
		const char *end = memchr(text.data, '\n', text.len);
		size_t len = end == NULL ? text.len : (size_t)(end - text.data) + 1;

		error->line++;
		if (text.data[0] != '#') {
			if (end == NULL || len > LINE_MOST) {
				error->text = "The AOF manifest file contains too long line";
				return false;
			}
			if (!take_line(manifest, (struct slice){text.data, len}, error))
				return false;
		}
		text = (struct slice){text.data + len, text.len - len};
	}
	return true;
}

bool manifest_parse(struct manifest *manifest, struct slice text, struct manifest_error *error)
{
	*error = (struct manifest_error){0};
	if (text.len == 0)
		error->text = "Found an empty AOF manifest";
	else if (parse_lines(manifest, text, error))
		return true;
	manifest_free(manifest);
	return false;
}

bool manifest_load(struct manifest *manifest, const char *path, struct manifest_error *error)
{
	struct buffer text = {0};
	bool other = file_size_at(path) >= 0 && !file_is_regular(path);
	int result = other ? -EINVAL : file_read_all(path, FILE_MOST, &text);
	bool loaded = false;

	*error = (struct manifest_error){.code = other ? 0 : result};
	if (other)
		error->text = "it is no ordinary file";
	else if (result < 0)
		error->text = file_error(result);
	else
		loaded = manifest_parse(manifest, buffer_slice(&text), error);
	buffer_free(&text);
	return loaded;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* Bytes that can stand in a word by themselves. */
static bool is_plain(const char *name)
{
	for (; *name != '\0'; name++) {
		if (*name <= ' ' || *name > '~' || strchr("\\\"'", *name) != NULL)
			return false;
	}
	return true;
}

void manifest_format(const struct manifest *manifest, struct buffer *out)
{
	for (size_t i = 0; i < manifest->count; i++) {
		const struct manifest_file *file = &manifest->files[i];

		buffer_append_text(out, "file ");
		if (is_plain(file->name))
			buffer_append_text(out, file->name);
		else
			buffer_append_quoted(out, slice_of(file->name));
		buffer_printf(out, " seq %lld type %c\n", (long long)file->seq, (char)file->kind);
	}
}

/* Whether Redis, and this file, can read the text again. */
static bool lines_are_short(struct slice text)
{
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		len++;
		if (len > LINE_MOST)
			return false;
		if (text.data[i] == '\n')
			len = 0;
	}
	return true;
}

/* "directory/prefix filename .manifest" without the spaces. */
static char *make_path(const char *directory, const char *prefix, const char *filename)
{
	struct buffer name = {0};
	char *path = NULL;

	buffer_printf(&name, "%s%s.manifest", prefix, filename);
	buffer_append_char(&name, '\0');
	if (!name.failed)
		path = file_join(directory, name.data);
	buffer_free(&name);
	return path;
}

char *manifest_path(const char *directory, const char *filename)
{
	return make_path(directory, "", filename);
}

int manifest_save(const struct manifest *manifest, const char *directory, const char *filename)
{
	char *path = manifest_path(directory, filename);
	char *temp = make_path(directory, "temp-", filename);
	struct buffer text = {0};
	int result = -ENOMEM;

	manifest_format(manifest, &text);
	if (!lines_are_short(buffer_slice(&text)))
		result = -ENAMETOOLONG;
	else if (path != NULL && temp != NULL && !text.failed)
		result = file_replace(path, temp, buffer_slice(&text));
	buffer_free(&text);
	free(temp);
	free(path);
	return result;
}
