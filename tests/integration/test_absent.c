/* What is answered about functions, scripts, modules, a cluster and replicas, of which there are none. */
#include "harness.h"
#include "suites.h"

START_TEST(no_functions)
{
	struct client *c = client_fresh(_i);

	expect(c, "+OK", "FUNCTION", "FLUSH", NULL);
	expect(c, "+OK", "FUNCTION", "FLUSH", "async", NULL);
	expect(c, "+OK", "function", "flush", "SYNC", NULL);
	expect(c, "-ERR FUNCTION FLUSH only supports SYNC|ASYNC option", "FUNCTION", "FLUSH", "x", NULL);
	expect(c, "-ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.", "FUNCTION",
	       "FLUSH", "SYNC", "x", NULL);
	expect(c, "[ ]", "FUNCTION", "LIST", NULL);
	expect(c, "[ ]", "FUNCTION", "LIST", "LIBRARYNAME", "*", "withcode", NULL);
	expect(c, "-ERR Unknown argument nosuch", "FUNCTION", "LIST", "nosuch", NULL);
	expect(c, "-ERR library name argument was not given", "FUNCTION", "LIST", "libraryname", NULL);
	expect_like(c, _i == 2 ? "[ $running_script nil $engines [ *] ]" : "{ $running_script nil $engines { *} }",
		    "FUNCTION", "STATS", NULL);
	expect(c, "-ERR wrong number of arguments for 'function' command", "FUNCTION", NULL);
	expect(c, "-ERR wrong number of arguments for 'function|stats' command", "FUNCTION", "STATS", "x", NULL);
	expect(c, "-ERR unknown subcommand 'nosuch'. Try FUNCTION HELP.", "FUNCTION", "nosuch", NULL);
	expect_like(c, "[ +FUNCTION <subcommand> * +LIST * +STATS *", "FUNCTION", "HELP", NULL);
}
END_TEST

START_TEST(no_scripts)
{
	struct client *c = client_fresh(_i);

	expect(c, "[ :0 :0 ]", "SCRIPT", "EXISTS", "36b23a1456b2dce2c3ed252c456761301dba8060", "x", NULL);
	expect(c, "+OK", "SCRIPT", "FLUSH", NULL);
	expect(c, "+OK", "SCRIPT", "FLUSH", "ASYNC", NULL);
	expect(c, "-ERR SCRIPT FLUSH only support SYNC|ASYNC option", "SCRIPT", "FLUSH", "x", NULL);
	expect(c, "-ERR SCRIPT FLUSH only support SYNC|ASYNC option", "SCRIPT", "FLUSH", "SYNC", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'script|exists' command", "SCRIPT", "EXISTS", NULL);
	expect(c, "-ERR unknown subcommand 'nosuch'. Try SCRIPT HELP.", "SCRIPT", "nosuch", NULL);
	expect_like(c, "[ +SCRIPT <subcommand> * +EXISTS * +FLUSH *", "SCRIPT", "HELP", NULL);
}
END_TEST

START_TEST(no_modules)
{
	struct client *c = client_fresh(_i);

	expect(c, "[ ]", "MODULE", "LIST", NULL);
	expect(c, "-ERR wrong number of arguments for 'module|list' command", "MODULE", "LIST", "x", NULL);
	expect(c, "-ERR unknown subcommand 'nosuch'. Try MODULE HELP.", "MODULE", "nosuch", NULL);
	expect_like(c, "[ +MODULE <subcommand> * +LIST *", "MODULE", "HELP", NULL);
}
END_TEST

START_TEST(no_cluster)
{
	static const char refused[] = "-ERR This instance has cluster support disabled";
	struct client *c = client_fresh(_i);

	expect(c, refused, "CLUSTER", "INFO", NULL);
	expect(c, refused, "CLUSTER", "KEYSLOT", "key", NULL);
	expect(c, refused, "READONLY", NULL);
	expect(c, refused, "READWRITE", NULL);
	expect(c, refused, "ASKING", NULL);
	expect(c, "-ERR wrong number of arguments for 'cluster' command", "CLUSTER", NULL);
	expect(c, "-ERR wrong number of arguments for 'readonly' command", "READONLY", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'readwrite' command", "READWRITE", "x", NULL);
	expect(c, "-ERR wrong number of arguments for 'asking' command", "ASKING", "x", NULL);
}
END_TEST

START_TEST(no_replicas)
{
	struct client *c = client_fresh(_i);

	expect(c, "[ $master :0 [ ] ]", "ROLE", NULL);
	expect(c, "-ERR wrong number of arguments for 'role' command", "ROLE", "x", NULL);
	expect(c, "+OK", "REPLICAOF", "NO", "ONE", NULL);
	expect(c, "+OK", "replicaof", "no", "one", NULL);
	expect(c, "-ERR wrong number of arguments for 'replicaof' command", "REPLICAOF", "NO", NULL);
	if (against_redis())
		return;
	expect(c, "-ERR REPLICAOF is not possible: this server replicates nothing", "REPLICAOF", "127.0.0.1", "6379",
	       NULL);
	expect(c, "[ $master :0 [ ] ]", "ROLE", NULL);
}
END_TEST

START_TEST(lolwut_tells_the_version)
{
	struct client *c = client_fresh(_i);
	const char *like = _i == 2 ? "$*Redis ver. 7.*" : "=txt:*Redis ver. 7.*";

	expect_like(c, like, "LOLWUT", NULL);
	expect_like(c, like, "LOLWUT", "VERSION", "5", NULL);
	expect(c, "-ERR value is not an integer or out of range", "LOLWUT", "VERSION", "x", NULL);
}
END_TEST

Suite *absent_suite(void)
{
	Suite *suite = suite_create("absent");
	TCase *with_shared = shared_case(suite, "what there is none of");

	tcase_add_loop_test(with_shared, no_functions, 2, 4);
	tcase_add_loop_test(with_shared, no_scripts, 2, 4);
	tcase_add_loop_test(with_shared, no_modules, 2, 4);
	tcase_add_loop_test(with_shared, no_cluster, 2, 4);
	tcase_add_loop_test(with_shared, no_replicas, 2, 4);
	tcase_add_loop_test(with_shared, lolwut_tells_the_version, 2, 4);
	return suite;
}
