#include "commands_text.h"

#include <string.h>

void commands_text_put(struct buffer *file, const char *commands)
{
	while (*commands != '\0') {
		size_t len = strcspn(commands, ";");
		const char *end = commands + len;
		size_t words = 1;

		for (const char *at = commands; at < end; at++)
			words += *at == ' ';
		buffer_printf(file, "*%zu\r\n", words);
		while (commands < end) {
			size_t word = strcspn(commands, " ;");

			buffer_printf(file, "$%zu\r\n%.*s\r\n", word, (int)word, commands);
			commands += word + (commands + word < end);
		}
		commands = end + (*end == ';');
	}
}
