/* Sessions and the registries they are in: names, resets, and clients that come and go while others look. */
#include <pthread.h>
#include <string.h>

#include "session/registry.h"
#include "session/session.h"
#include "suites.h"

enum { WORKERS = 4, ROUNDS = 2000, NOW = 1000 };

static struct session_registry registries[WORKERS];

static void session_describe_nothing(const struct session *session, struct session_peer *peer)
{
	(void)session;
	peer->fd = 7;
}

static const struct session_ops ops = {.describe = session_describe_nothing};

static void registries_setup(void)
{
	for (size_t i = 0; i < WORKERS; i++)
		session_registry_init(&registries[i], true);
}

static void registries_teardown(void)
{
	for (size_t i = 0; i < WORKERS; i++)
		session_registry_free(&registries[i]);
}

/* --- one session ------------------------------------------------------------------------------------------------- */

START_TEST(session_begins)
{
	struct session one, other;
	struct session_peer peer = {0};

	session_init(&one, &ops, &registries[0], NOW);
	session_init(&other, &ops, &registries[1], NOW);
	ck_assert_uint_ge(one.id, 1);
	ck_assert_uint_gt(other.id, one.id);
	ck_assert_uint_eq(session_db(&one), 0);
	ck_assert_uint_eq(session_protocol(&one), 2);
	ck_assert_ptr_null(one.name);
	ck_assert(!session_has(&one, SESSION_AUTHENTICATED));
	ck_assert_int_eq(one.created_ms, NOW);
	ck_assert_int_eq(atomic_load(&one.active_ms), NOW);
	session_describe(&one, &peer);
	ck_assert_int_eq(peer.fd, 7);
	session_free(&one);
	session_free(&other);
}
END_TEST

START_TEST(texts_are_copied)
{
	struct session session;
	char name[] = "first name";

	session_init(&session, &ops, &registries[0], NOW);
	ck_assert(session_set_name(&session, (struct slice){name, 5}));
	memset(name, 'x', sizeof(name));
	ck_assert_str_eq(session.name, "first");
	ck_assert(session_set_name(&session, SLICE("second")));
	ck_assert_str_eq(session.name, "second");
	ck_assert(session_set_lib_name(&session, SLICE("library")));
	ck_assert(session_set_lib_ver(&session, SLICE("1.2")));
	ck_assert_str_eq(session.lib_name, "library");
	ck_assert_str_eq(session.lib_ver, "1.2");
	ck_assert(session_set_name(&session, SLICE("")));
	ck_assert_ptr_null(session.name);
	session_free(&session);
}
END_TEST

START_TEST(reset_leaves_the_library)
{
	struct session session;

	session_init(&session, &ops, &registries[0], NOW);
	session_set_name(&session, SLICE("name"));
	session_set_lib_name(&session, SLICE("library"));
	session_mark(&session, SESSION_AUTHENTICATED);
	atomic_store(&session.db, 3);
	atomic_store(&session.protocol, 3);

	session_reset(&session, false);
	ck_assert_ptr_null(session.name);
	ck_assert_str_eq(session.lib_name, "library");
	ck_assert_uint_eq(session_db(&session), 0);
	ck_assert_uint_eq(session_protocol(&session), 2);
	ck_assert(!session_has(&session, SESSION_AUTHENTICATED));

	session_reset(&session, true);
	ck_assert(session_has(&session, SESSION_AUTHENTICATED));
	session_free(&session);
}
END_TEST

/* --- registries -------------------------------------------------------------------------------------------------- */

struct visited {
	uint64_t ids[8];
	size_t count;
};

static void visit_note(struct session *session, void *arg)
{
	struct visited *visited = arg;

	visited->ids[visited->count++] = session->id;
}

START_TEST(all_workers_are_visited_in_order)
{
	struct session a, b, c;
	struct visited visited = {0};

	session_init(&a, &ops, &registries[0], NOW);
	session_init(&b, &ops, &registries[2], NOW);
	session_init(&c, &ops, &registries[0], NOW);
	ck_assert_uint_eq(session_registry_count(), 3);
	session_registry_each(visit_note, &visited);
	ck_assert_uint_eq(visited.count, 3);
	ck_assert_uint_eq(visited.ids[0], a.id);
	ck_assert_uint_eq(visited.ids[1], c.id);
	ck_assert_uint_eq(visited.ids[2], b.id);

	session_free(&a);
	visited.count = 0;
	session_registry_each(visit_note, &visited);
	ck_assert_uint_eq(visited.count, 2);
	ck_assert_uint_eq(visited.ids[0], c.id);
	session_free(&b);
	session_free(&c);
	ck_assert_uint_eq(session_registry_count(), 0);
}
END_TEST

START_TEST(registries_that_are_gone_are_not_visited)
{
	struct session_registry registry;
	struct visited visited = {0};
	struct session session;

	session_registry_init(&registry, false);
	session_init(&session, &ops, &registry, NOW);
	session_registry_each(visit_note, &visited);
	ck_assert_uint_eq(visited.count, 1);
	session_free(&session);
	session_registry_free(&registry);
	session_init(&session, &ops, &registries[3], NOW);
	ck_assert_uint_eq(session_registry_count(), 1);
	session_free(&session);
}
END_TEST

/* --- several threads --------------------------------------------------------------------------------------------- */

/* A worker whose clients come, are named, and go. */
static void *worker_run(void *arg)
{
	struct session_registry *registry = arg;
	struct session sessions[4];

	for (size_t round = 0; round < ROUNDS; round++) {
		for (size_t i = 0; i < 4; i++) {
			session_init(&sessions[i], &ops, registry, NOW);
			session_set_name(&sessions[i], SLICE("named"));
		}
		for (size_t i = 0; i < 4; i++)
			session_free(&sessions[i]);
	}
	return NULL;
}

struct walk {
	size_t seen;
	size_t wrong; /* sessions that were not whole */
};

static void visit_check(struct session *session, void *arg)
{
	struct walk *walk = arg;

	walk->seen++;
	if (session->id == 0 || session->created_ms != NOW)
		walk->wrong++;
	if (session->name != NULL && strcmp(session->name, "named") != 0)
		walk->wrong++;
}

START_TEST(others_look_while_clients_come_and_go)
{
	pthread_t threads[WORKERS];
	struct walk walk = {0};

	for (size_t i = 0; i < WORKERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, worker_run, &registries[i]), 0);
	for (size_t round = 0; round < ROUNDS; round++) {
		session_registry_each(visit_check, &walk);
		ck_assert_uint_le(session_registry_count(), (size_t)4 * WORKERS);
	}
	for (size_t i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	ck_assert_uint_eq(walk.wrong, 0);
	ck_assert_uint_eq(session_registry_count(), 0);
}
END_TEST

Suite *session_suite(void)
{
	Suite *suite = suite_create("session");
	TCase *one = tcase_create("one session");
	TCase *registry = tcase_create("registry");
	TCase *threads = tcase_create("threads");

	tcase_add_checked_fixture(one, registries_setup, registries_teardown);
	tcase_add_test(one, session_begins);
	tcase_add_test(one, texts_are_copied);
	tcase_add_test(one, reset_leaves_the_library);
	suite_add_tcase(suite, one);

	tcase_add_checked_fixture(registry, registries_setup, registries_teardown);
	tcase_add_test(registry, all_workers_are_visited_in_order);
	tcase_add_test(registry, registries_that_are_gone_are_not_visited);
	suite_add_tcase(suite, registry);

	tcase_add_checked_fixture(threads, registries_setup, registries_teardown);
	tcase_add_test(threads, others_look_while_clients_come_and_go);
	suite_add_tcase(suite, threads);
	return suite;
}
