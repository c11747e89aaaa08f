// ioredis: a session of everyday calls, with automatic and explicit pipelines, buffers and a scan stream; transactions,
// subscriptions that outlive their connection, invalidations and MONITOR.
import Redis from 'ioredis';
import { becomes, check, equal, finish, kill_connection, port, refused } from './tally.mjs';

const DEEP = 10000; // commands in one pipeline

const store = new Redis({ port, host: '127.0.0.1' });

async function strings() {
  equal('ping', await store.ping(), 'PONG');
  equal('set', await store.set('name', 'Ada'), 'OK');
  equal('get', await store.get('name'), 'Ada');
  equal('get of nothing', await store.get('nothing'), null);
  equal('set NX', await store.set('name', 'Eve', 'NX'), null);
  equal('set GET', await store.set('name', 'Grace', 'GET'), 'Ada');
  equal('mset', await store.mset({ a: 1, b: 2 }), 'OK');
  equal('mget', await store.mget('a', 'nothing', 'b'), ['1', null, '2']);
  equal('incrby', await store.incrby('a', 9), 10);
  equal('incrbyfloat', await store.incrbyfloat('a', 0.5), '10.5');
  equal('getdel', await store.getdel('name'), 'Grace');
  equal('del', await store.del('a', 'b', 'name'), 2);
  await refused('a wrong number of arguments', "wrong number of arguments for 'get'", () => store.call('GET'));
}

async function buffers() {
  const value = Buffer.alloc(1 << 20, Buffer.from([0, 13, 10, 255, 128]));
  equal('set of a buffer', await store.set(Buffer.from([0, 255, 10]), value), 'OK');
  check('a megabyte of any bytes', value.equals(await store.getBuffer(Buffer.from([0, 255, 10]))));
}

async function lifetimes() {
  equal('set EX', await store.set('brief', 'x', 'EX', 100), 'OK');
  check('ttl', (await store.ttl('brief')) > 98);
  equal('persist', await store.persist('brief'), 1);
  equal('pexpire', await store.pexpire('brief', 20), 1);
  await becomes('a key dies', null, () => store.get('brief'));
}

async function pipelines() {
  const pipeline = store.pipeline();
  for (let i = 0; i < 1000; i++) pipeline.set(`pipe:${i}`, i);
  pipeline.incr('pipe:7').get('pipe:7');
  const answers = await pipeline.exec();
  equal('a pipeline', answers.slice(1000), [[null, 8], [null, '8']]);
  equal('calls at once', await Promise.all([1, 2, 3].map((i) => store.get(`pipe:${i}`))), ['1', '2', '3']);
  const automatic = new Redis({ port, host: '127.0.0.1', enableAutoPipelining: true });
  const many = await Promise.all(Array.from({ length: 500 }, (_, i) => automatic.get(`pipe:${i + 100}`)));
  equal('automatic pipelining', many[499], '599');
  await automatic.quit();
}

async function deep_pipelines() {
  const numbers = Array.from({ length: DEEP }, (_, i) => i);
  const writes = store.pipeline(numbers.map((i) => ['set', `deep:${i}`, i]));
  equal('a deep pipeline of SET', new Set((await writes.exec()).map(String)), new Set([',OK']));
  const reads = await store.pipeline(numbers.map((i) => ['get', `deep:${i}`])).exec();
  equal('a deep pipeline of GET', reads.map(([, value]) => Number(value)), numbers);
  const transaction = await store.multi(numbers.map((i) => ['incr', `deep:${i}`])).exec();
  equal('a deep transaction', transaction.map(([, value]) => value - 1), numbers);
  equal('a command with as many keys', await store.unlink(numbers.map((i) => `deep:${i}`)), DEEP);
}

// Adds one with WATCH, again and again until nobody was in between.
async function add_watched(client, key) {
  for (;;) {
    await client.watch(key);
    const value = Number(await client.get(key));
    if (await client.multi().set(key, value + 1).exec()) return;
  }
}

async function transactions() {
  equal('exec', await store.multi().set('sum', 1).incrby('sum', 4).get('sum').exec(), [[null, 'OK'], [null, 5], [null, '5']]);
  const [[, set], [error], [, got]] = await store.multi().set('text', 't').incr('text').get('text').exec();
  check('an error among the answers', set === 'OK' && got === 't' && error.message.includes('not an integer'));
  await refused('a command that cannot be queued', 'EXECABORT', () => store.multi().set('sum', 9).call('GET').exec());
  await store.multi({ pipeline: false });
  equal('queued', await store.set('sum', 9), 'QUEUED');
  equal('discard', await store.discard(), 'OK');
  equal('nothing was done', await store.get('sum'), '5');

  const other = store.duplicate();
  await store.watch('sum');
  await other.set('sum', 6);
  equal('a conflict', await store.multi().set('sum', 0).exec(), null);
  await store.watch('sum');
  equal('the retry', await store.multi().incr('sum').exec(), [[null, 7]]);
  await store.watch('sum');
  await other.set('sum', 8);
  await store.unwatch();
  equal('unwatch', await store.multi().incr('sum').exec(), [[null, 9]]);
  await Promise.all([store, other].map(async (client) => {
    for (let i = 0; i < 100; i++) await add_watched(client, 'sum');
  }));
  equal('two clients lose no addition', await store.get('sum'), '209');
  await other.quit();
}

async function subscriptions() {
  const listener = store.duplicate({ connectionName: 'listener' });
  const heard = [];
  listener.on('message', (channel, message) => heard.push([channel, message]));
  listener.on('pmessage', (pattern, channel, message) => heard.push([pattern, channel, message]));
  listener.on('smessage', (channel, message) => heard.push(['shard', channel, message]));
  equal('subscribe', await listener.subscribe('news', 'weather'), 2);
  equal('psubscribe', await listener.psubscribe('new?', 'x*'), 4);
  equal('ssubscribe', await listener.ssubscribe('sharded'), 1);

  async function hears(when) {
    heard.length = 0;
    equal(`publish ${when}`, await store.publish('news', when), 2);
    equal(`spublish ${when}`, await store.spublish('sharded', when), 1);
    const wanted = [['news', when], ['new?', 'news', when], ['shard', 'sharded', when]];
    await becomes(`messages ${when}`, wanted, () => heard);
  }

  async function subscribed() {
    const counts = [store.pubsub('NUMSUB', 'news', 'weather'), store.pubsub('NUMPAT'), store.pubsub('SHARDNUMSUB', 'sharded')];
    return (await Promise.all(counts)).flat();
  }

  await hears('at first');
  for (const when of ['after a kill', 'after another']) {
    await kill_connection(store.call.bind(store), 'listener');
    await becomes(`subscribed ${when}`, ['news', 1, 'weather', 1, 2, 'sharded', 1], subscribed);
    await hears(when);
  }
  equal('unsubscribe', await listener.unsubscribe('news', 'weather'), 2);
  equal('a pattern is left', await store.publish('news', 'none'), 1);
  listener.disconnect();
  await becomes('nobody listens', 0, () => store.publish('news', 'none'));
}

// ioredis has no cache of its own: the invalidations come as messages to a second connection.
async function invalidations() {
  const listener = store.duplicate();
  const heard = [];
  listener.on('message', (channel, keys) => heard.push(keys));
  const id = await listener.client('ID');
  await listener.subscribe('__redis__:invalidate');
  equal('tracking', await store.client('TRACKING', 'ON', 'REDIRECT', id), 'OK');
  equal('redirected to', await store.client('GETREDIR'), id);
  const other = store.duplicate();
  await store.get('cached');
  await other.set('unread', 1);
  await other.set('cached', 1);
  await becomes('only what was read', ['cached'], () => heard);
  await store.get('cached');
  await other.pexpire('cached', 1);
  await becomes('an expiry', ['cached', 'cached'], () => heard.slice(0, 2));
  equal('tracking off', await store.client('TRACKING', 'OFF'), 'OK');
  await other.quit();
  await listener.quit();
}

async function monitor() {
  const watcher = await store.monitor();
  const seen = [];
  watcher.on('monitor', (time, command) => seen.push(command));
  await store.set('monitored', 'by ioredis');
  await becomes('monitor', ['set', 'monitored', 'by ioredis'], () => seen.find((command) => command[1] === 'monitored'));
  watcher.disconnect();
}

async function keys() {
  const found = new Set();
  for await (const page of store.scanStream({ match: 'pipe:*', count: 100 })) page.forEach((key) => found.add(key));
  equal('a scan stream', found.size, 1000);
  equal('type', await store.type('pipe:1'), 'string');
  equal('rename', await store.rename('pipe:1', 'moved'), 'OK');
  equal('unlink', await store.unlink('moved', 'nothing'), 1);
}

async function server() {
  check('info', (await store.info('server')).includes('redis_version:'));
  check('client id', (await store.client('ID')) > 0);
  equal('client setname', await store.client('SETNAME', 'tester'), 'OK');
  check('client list', (await store.client('LIST')).includes('name=tester'));
  check('command', (await store.command('COUNT')) > 50);
  equal('select', await store.select(3), 'OK');
  equal('dbsize', await store.dbsize(), 0);
  equal('flushall', await store.flushall(), 'OK');
  equal('quit', await store.quit(), 'OK');
}

await strings();
await buffers();
await lifetimes();
await pipelines();
await deep_pipelines();
await transactions();
await subscriptions();
await invalidations();
await monitor();
await keys();
await server();
finish();
