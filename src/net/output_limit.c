/*
 * The limits are looked up each time, so that a changed setting holds for the clients that are there.
 */
#include "net/output_limit.h"

#include "base/settings.h"
#include "net/connection.h"

static const struct output_limit *limit_of(const struct connection *connection)
{
	bool subscribed = session_has(&connection->session, SESSION_SUBSCRIBED);

	return &settings.output_limits[subscribed ? SETTINGS_PUBSUB : SETTINGS_NORMAL];
}

static bool has_reached(const struct connection *connection, const setting *limit)
{
	uint64_t most = (uint64_t)setting_get(limit);

	return most != 0 && connection_waiting(connection) >= most;
}

bool output_limit_reached(const struct connection *connection)
{
	return has_reached(connection, &limit_of(connection)->hard);
}

void output_limit_note(struct connection *connection, uint64_t now)
{
	if (!has_reached(connection, &limit_of(connection)->soft))
		connection->above_since = 0;
	else if (connection->above_since == 0)
		connection->above_since = now;
}

bool output_limit_outlasted(const struct connection *connection, uint64_t now)
{
	uint64_t most = (uint64_t)setting_get(&limit_of(connection)->soft_seconds) * 1000;

	return connection->above_since != 0 && now - connection->above_since > most;
}
