/*
 * The texts are made by walking the configuration's table, group by group. A setting is documented in its row and
 * nowhere else.
 */
#include "server/manual.h"

#include <inttypes.h>
#include <string.h>

#include "base/version.h"
#include "command/describe.h"
#include "server/config.h"

/* What `kind` wants for a value, as it is shown behind a setting's name. */
static const char *kind_word(enum config_kind kind)
{
	switch (kind) {
	case CONFIG_INT:
		return "number";
	case CONFIG_MEMORY:
		return "bytes";
	case CONFIG_MEMORY_SHARE:
		return "bytes or %";
	case CONFIG_OCTAL:
		return "octal";
	case CONFIG_LIST:
		return "word...";
	default:
		return "text";
	}
}

static void print_type(const struct config_row *row, const char *separator, struct buffer *out)
{
	if (row->kind == CONFIG_BOOL) {
		buffer_printf(out, "yes%sno", separator);
		return;
	}
	if (row->kind != CONFIG_ENUM) {
		buffer_append_text(out, kind_word(row->kind));
		return;
	}
	for (const struct config_choice *choice = row->choices; choice->name != NULL; choice++)
		buffer_printf(out, "%s%s", choice == row->choices ? "" : separator, choice->name);
}

static const char *shown_default(const struct config_row *row)
{
	return *row->initial != '\0' ? row->initial : "\"\"";
}

/* Whether the row opens a new group; *group is the last one seen. Rows that are not documented have none. */
static bool opens_group(const struct config_row *row, const char **group)
{
	if (row->group == NULL || (*group != NULL && strcmp(row->group, *group) == 0))
		return false;
	*group = row->group;
	return true;
}

/* --- --help ----------------------------------------------------------------------------------------------------- */

static void print_help(struct buffer *out)
{
	const char *group = NULL;

	buffer_append_text(out,
			   "cubbyd, a key-value daemon that speaks the Redis protocol\n\n"
			   "usage: cubbyd [FILE | -] [--SETTING VALUE...]...\n\n"
			   "FILE is a configuration file; - reads it from standard input. Arguments count more.\n\n"
			   "  --help, -h        this text\n"
			   "  --version, -v     the version\n"
			   "  --sample-config   a configuration file with every setting and its default\n"
			   "  --man             the man page, for man(1): cubbyd --man | man -l -\n"
			   "  --commands        every command, in Markdown\n");
	for (int id = 0; id < CONFIG_COUNT; id++) {
		const struct config_row *row = config_row((enum config_id)id);

		if (row->group == NULL)
			continue;
		if (opens_group(row, &group))
			buffer_printf(out, "\n%s\n", group);
		buffer_printf(out, "  --%s ", row->name);
		print_type(row, "|", out);
		buffer_printf(out, "  (%s)\n      %s\n", shown_default(row), row->doc);
	}
}

/* --- the sample file -------------------------------------------------------------------------------------------- */

static void print_sample(struct buffer *out)
{
	const char *group = NULL;

	buffer_append_text(out,
			   "# Configuration of cubbyd: one setting a line, its name and its value. Sizes take the\n"
			   "# units k, kb, m, mb, g, gb (k is 1000, kb 1024). What is commented out is the default.\n"
			   "# SIGHUP reads the file again. Another file is read with: include /path/to/file\n");
	for (int id = 0; id < CONFIG_COUNT; id++) {
		const struct config_row *row = config_row((enum config_id)id);

		if (row->group == NULL)
			continue;
		if (opens_group(row, &group))
			buffer_printf(out, "\n### %s\n", group);
		buffer_printf(out, "\n# %s (", row->doc);
		print_type(row, ", ", out);
		buffer_printf(out, "%s)\n#%s %s\n", row->mutable ? "" : "; changes at a restart", row->name,
			      shown_default(row));
	}
}

/* --- the man page ----------------------------------------------------------------------------------------------- */

/* Appends text for roff: a backslash and a hyphen are escaped, and so is a dot that opens a line. */
static void print_roff(const char *text, struct buffer *out)
{
	if (*text == '.' || *text == '\'')
		buffer_append_text(out, "\\&");
	for (; *text != '\0'; text++) {
		if (*text == '\\')
			buffer_append_text(out, "\\e");
		else if (*text == '-')
			buffer_append_text(out, "\\-");
		else
			buffer_append_char(out, *text);
	}
}

static void print_man_setting(const struct config_row *row, struct buffer *out)
{
	buffer_append_text(out, ".TP\n.B ");
	print_roff(row->name, out);
	buffer_append_text(out, " \\fI");
	print_type(row, "\\fR|\\fI", out);
	buffer_append_text(out, "\\fR\n");
	print_roff(row->doc, out);
	buffer_append_text(out, "\nDefault: ");
	print_roff(shown_default(row), out);
	buffer_append_text(out, row->mutable ? ".\n" : ". Changes at a restart.\n");
}

static const char man_head[] =
	".SH NAME\ncubbyd \\- key\\-value daemon that speaks the Redis protocol\n"
	".SH SYNOPSIS\n.B cubbyd\n[\\fIFILE\\fR|\\-] [\\fB\\-\\-\\fISETTING VALUE\\fR...]...\n"
	".SH DESCRIPTION\n"
	"cubbyd keeps keys and their values in memory and serves them, on every core, to clients that speak the\n"
	"Redis protocol (RESP2 and RESP3). It runs in the foreground.\n"
	".PP\nSettings come from the configuration file, whose syntax is that of redis.conf, and from the\n"
	"arguments, which count more. Most can be changed while it runs, with CONFIG SET.\n"
	".SH OPTIONS\n"
	".TP\n.I FILE\nThe configuration file; \\- reads it from standard input.\n"
	".TP\n.BR \\-\\-help \", \" \\-h\nShows the settings and ends.\n"
	".TP\n.BR \\-\\-version \", \" \\-v\nShows the version and ends.\n"
	".TP\n.B \\-\\-sample\\-config\nShows a configuration file with every setting and its default, and ends.\n"
	".TP\n.B \\-\\-man\nShows the source of this page and ends.\n"
	".TP\n.B \\-\\-commands\nShows every command, in Markdown, and ends.\n";

static const char man_tail[] =
	".SH SIGNALS\n"
	".TP\n.BR SIGTERM \", \" SIGINT\nThe first stops listening and serves until every client has left, or until\n"
	"shutdown\\-timeout is over. The second ends the daemon at once.\n"
	".TP\n.B SIGHUP\nReads the configuration file again and reopens the log file.\n"
	".SH EXIT STATUS\n0 after an orderly end, 1 when the daemon could not start.\n"
	".SH SEE ALSO\n.BR redis\\-cli (1)\n";

static void print_man(struct buffer *out)
{
	const char *group = NULL;

	buffer_printf(out, ".TH CUBBYD 1 \"\" \"cubby %s\" \"User Commands\"\n", CUBBY_VERSION);
	buffer_append_text(out, man_head);
	buffer_append_text(out,
			   ".SH SETTINGS\nEach is an option (\\fB\\-\\-\\fIname value\\fR) and a line of the file.\n");
	for (int id = 0; id < CONFIG_COUNT; id++) {
		const struct config_row *row = config_row((enum config_id)id);

		if (row->group == NULL)
			continue;
		if (opens_group(row, &group))
			buffer_printf(out, ".SS %s\n", group);
		print_man_setting(row, out);
	}
	buffer_append_text(out, man_tail);
}

/* --- the table of the README ------------------------------------------------------------------------------------ */

static void print_markdown(struct buffer *out)
{
	buffer_append_text(out, "| setting | value | default | at run time | |\n|---|---|---|---|---|\n");
	for (int id = 0; id < CONFIG_COUNT; id++) {
		const struct config_row *row = config_row((enum config_id)id);

		if (row->group == NULL)
			continue;
		buffer_printf(out, "| `%s` | ", row->name);
		print_type(row, ", ", out);
		buffer_printf(out, " | `%s` | %s | %s |\n", shown_default(row), row->mutable ? "yes" : "no", row->doc);
	}
}

static void print_commands(struct buffer *out)
{
	command_table_init();
	describe_all(out);
}

static void print_version(struct buffer *out)
{
	buffer_printf(out, "cubbyd %s (Redis protocol, as of Redis %s)\n", CUBBY_VERSION, CUBBY_REDIS_VERSION);
}

bool manual_print(const char *argument, struct buffer *out)
{
	static const struct {
		const char *argument;
		void (*print)(struct buffer *out);
	} texts[] = {
		{"--help", print_help},
		{"-h", print_help},
		{"--version", print_version},
		{"-v", print_version},
		{"--man", print_man},
		{"--sample-config", print_sample},
		{"--config-markdown", print_markdown},
		{"--commands", print_commands},
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(argument, texts[i].argument) == 0) {
			texts[i].print(out);
			return true;
		}
	}
	return false;
}
