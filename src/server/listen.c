/* From the settings to net_listen(): the addresses of `bind` are split into words; without any there is no TCP. */
#include "server/listen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_ADDRESSES = 64 };

/* Cuts `text` at its spaces. Returns the number of words, at most MAX_ADDRESSES. */
static size_t split_words(char *text, const char **words)
{
	size_t count = 0;
	char *rest = NULL;

	for (char *word = strtok_r(text, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
		if (count == MAX_ADDRESSES)
			break;
		words[count++] = word;
	}
	return count;
}

bool listen_start(const struct config *config, struct net *net, int port, char *error)
{
	const char *addresses[MAX_ADDRESSES];
	char *bind = strdup(config_text(config, CONFIG_BIND));
	size_t count;
	bool good;

	if (bind == NULL) {
		snprintf(error, NET_ERROR_TEXT, "out of memory");
		return false;
	}
	count = split_words(bind, addresses);
	if (port == 0)
		port = (int)config_number(config, CONFIG_PORT);
	good = net_listen(net,
			  &(struct net_listen_options){
				  .addresses = addresses,
				  .address_count = count,
				  .port = count > 0 ? port : -1,
				  .unix_path = config_text(config, CONFIG_UNIXSOCKET),
				  .unix_mode = (unsigned)config_number(config, CONFIG_UNIXSOCKETPERM),
				  .backlog = (int)config_number(config, CONFIG_TCP_BACKLOG),
			  },
			  error);
	free(bind);
	return good;
}
