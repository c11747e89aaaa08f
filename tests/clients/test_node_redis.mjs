// node-redis: the same session of everyday calls in RESP2 and in RESP3, with transactions and with subscriptions that
// outlive their connection; its client-side cache, which is for RESP3 only.
import { createClient, RESP_TYPES, WatchError } from 'redis';
import { becomes, check, equal, finish, kill_connection, port, refused } from './tally.mjs';

const DEEP = 10000; // commands in one pipeline

async function strings(store) {
  equal('ping', await store.ping(), 'PONG');
  equal('set', await store.set('name', 'Ada'), 'OK');
  equal('get', await store.get('name'), 'Ada');
  equal('get of nothing', await store.get('nothing'), null);
  equal('set NX', await store.set('name', 'Eve', { condition: 'NX' }), null);
  equal('set GET', await store.set('name', 'Grace', { GET: true }), 'Ada');
  equal('mset', await store.mSet({ a: '1', b: '2' }), 'OK');
  equal('mget', await store.mGet(['a', 'nothing', 'b']), ['1', null, '2']);
  equal('incrby', await store.incrBy('a', 9), 10);
  equal('incrbyfloat', await store.incrByFloat('a', 0.5), '10.5');
  equal('getrange', await store.getRange('name', 0, 2), 'Gra');
  equal('getdel', await store.getDel('name'), 'Grace');
  equal('del', await store.del(['a', 'b', 'name']), 2);
  await refused('incr of text', 'not an integer', async () => {
    await store.set('text', 't');
    return store.incr('text');
  });
}

async function buffers(store) {
  const binary = store.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  const value = Buffer.alloc(1 << 20, Buffer.from([0, 13, 10, 255, 128]));
  equal('set of a buffer', (await binary.set('binary', value)).toString(), 'OK');
  check('a megabyte of any bytes', value.equals(await binary.get('binary')));
}

async function lifetimes(store) {
  equal('set EX', await store.set('brief', 'x', { expiration: { type: 'EX', value: 100 } }), 'OK');
  check('ttl', (await store.ttl('brief')) > 98);
  equal('persist', await store.persist('brief'), 1);
  equal('expire NX', await store.expire('brief', 50, 'NX'), 1);
  equal('pexpire', await store.pExpire('brief', 20), 1);
  await becomes('a key dies', null, () => store.get('brief'));
}

async function pipelines(store) {
  const sent = Array.from({ length: 1000 }, (_, i) => store.set(`pipe:${i}`, String(i)));
  equal('calls at once', new Set(await Promise.all(sent)), new Set(['OK']));
  equal('in their order', await Promise.all([1, 2, 3].map((i) => store.get(`pipe:${i}`))), ['1', '2', '3']);
  equal('an explicit pipeline', await store.multi().incr('pipe:7').get('pipe:7').execAsPipeline(), [8, '8']);
}

async function deep_pipelines(store) {
  const numbers = Array.from({ length: DEEP }, (_, i) => i);
  await Promise.all(numbers.map((i) => store.set(`deep:${i}`, String(i))));
  const all_of = (command) => numbers.reduce((batch, i) => batch[command](`deep:${i}`), store.multi());
  equal('a deep pipeline', (await all_of('get').execAsPipeline()).map(Number), numbers);
  equal('a deep transaction', (await all_of('incr').exec()).map((value) => value - 1), numbers);
  equal('a command with as many keys', await store.unlink(numbers.map((i) => `deep:${i}`)), DEEP);
}

// Adds one with WATCH, again and again until nobody was in between.
async function add_watched(client, key) {
  for (;;) {
    await client.watch(key);
    const value = Number(await client.get(key));
    try {
      await client.multi().set(key, String(value + 1)).exec();
      return;
    } catch (error) {
      if (!(error instanceof WatchError)) throw error;
    }
  }
}

async function transactions(store) {
  equal('exec', await store.multi().set('sum', '1').incrBy('sum', 4).get('sum').exec(), ['OK', 5, '5']);
  await refused('an error among the answers', '1 commands failed', () => store.multi().set('text', 't').incr('text').exec());
  equal('the others were done', await store.get('text'), 't');
  equal('multi', await store.sendCommand(['MULTI']), 'OK');
  equal('queued', await store.sendCommand(['SET', 'sum', '9']), 'QUEUED');
  equal('discard', await store.sendCommand(['DISCARD']), 'OK');
  equal('nothing was done', await store.get('sum'), '5');

  const other = await store.duplicate().connect();
  await store.watch('sum');
  await other.set('sum', '6');
  await refused('a conflict', 'watched keys has been changed', () => store.multi().set('sum', '0').exec());
  await store.watch('sum');
  equal('the retry', await store.multi().incr('sum').exec(), [7]);
  await Promise.all([store, other].map(async (client) => {
    for (let i = 0; i < 100; i++) await add_watched(client, 'sum');
  }));
  equal('two clients lose no addition', await store.get('sum'), '207');
  await other.close();
}

async function subscriptions(store) {
  const listener = store.duplicate({ name: 'listener' });
  listener.on('error', () => {}); // it reports each connection that it loses
  await listener.connect();
  const heard = [];
  const hear = (message, channel) => heard.push([channel, message]);
  await listener.subscribe(['news', 'weather'], hear);
  await listener.pSubscribe(['new?', 'x*'], hear);
  await listener.sSubscribe('sharded', hear);

  async function hears(when) {
    heard.length = 0;
    equal(`publish ${when}`, await store.publish('news', when), 2);
    equal(`spublish ${when}`, await store.sPublish('sharded', when), 1);
    await becomes(`messages ${when}`, [['news', when], ['news', when], ['sharded', when]], () => heard);
  }

  async function subscribed() {
    const channels = Object.values(await store.pubSubNumSub(['news', 'weather']));
    return [...channels, await store.pubSubNumPat(), Object.values(await store.pubSubShardNumSub(['sharded']))[0]];
  }

  await hears('at first');
  for (const when of ['after a kill', 'after another']) {
    await kill_connection((...words) => store.sendCommand(words), 'listener');
    await becomes(`subscribed ${when}`, [1, 1, 2, 1], subscribed);
    await hears(when);
  }
  await listener.unsubscribe(['news', 'weather']);
  await listener.pUnsubscribe(['new?', 'x*']);
  await listener.sUnsubscribe('sharded');
  equal('nobody listens', await store.publish('news', 'none'), 0);
  equal('commands once more', await listener.get('nothing'), null);
  await listener.close();
}

async function client_side_cache(store) {
  const reader = store.duplicate({ name: 'reader', clientSideCache: { ttl: 0, maxEntries: 100 } });
  reader.on('error', () => {});
  await reader.connect();
  const counts = () => [reader.clientSideCache.stats().hitCount, reader.clientSideCache.stats().missCount];
  await store.set('cached', 'first');
  equal('read twice', [await reader.get('cached'), await reader.get('cached')], ['first', 'first']);
  equal('a miss and a hit', counts(), [1, 1]);
  await store.set('cached', 'second');
  await becomes('the new value', 'second', () => reader.get('cached'));
  await store.pExpire('cached', 1);
  await becomes('an expiry', null, () => reader.get('cached'));
  await store.mSet({ cached: 'third', also: 'here' });
  await becomes('two keys', ['third', 'here'], () => reader.mGet(['cached', 'also']));
  await store.set('also', 'changed');
  await becomes('one of them changes', ['third', 'changed'], () => reader.mGet(['cached', 'also']));
  await kill_connection((...words) => store.sendCommand(words), 'reader');
  await becomes('filled again', 'third', () => reader.get('cached'));
  await store.set('cached', 'fourth');
  await becomes('tracked again', 'fourth', () => reader.get('cached'));
  await store.flushAll();
  await becomes('flushed', null, () => reader.get('cached'));
  await reader.close();
}

async function monitor(store) {
  const watcher = await store.duplicate().connect();
  const seen = [];
  await watcher.monitor((line) => seen.push(String(line)));
  await store.set('monitored', 'by node-redis');
  const wanted = '"SET" "monitored" "by node-redis"';
  await becomes('monitor', true, () => seen.some((line) => line.endsWith(wanted)));
  watcher.destroy();
}

async function keys(store) {
  const found = new Set();
  for await (const page of store.scanIterator({ MATCH: 'pipe:*', COUNT: 100 })) page.forEach((key) => found.add(key));
  equal('a scan', found.size, 1000);
  equal('type', await store.type('pipe:1'), 'string');
  equal('rename', await store.rename('pipe:1', 'moved'), 'OK');
  equal('unlink', await store.unlink(['moved', 'nothing']), 1);
}

async function server(store, protocol) {
  check('info', (await store.info('server')).includes('redis_version:'));
  check('config', Number((await store.configGet('maxclients')).maxclients) > 0);
  check('client info', (await store.clientInfo()).id > 0);
  equal('the protocol', (await store.hello()).proto, protocol);
  check('command count', (await store.commandCount()) > 50);
  await store.select(3);
  equal('another db', await store.dbSize(), 0);
  equal('flushall', await store.flushAll(), 'OK');
}

async function session(protocol) {
  const store = createClient({ socket: { port, host: '127.0.0.1' }, RESP: protocol, name: 'tester' });
  store.on('error', (error) => check('no error of the connection', false, error.message));
  await store.connect();
  await strings(store);
  await buffers(store);
  await lifetimes(store);
  if (protocol === 3) await client_side_cache(store);
  await pipelines(store);
  await deep_pipelines(store);
  await transactions(store);
  await subscriptions(store);
  await monitor(store);
  await keys(store);
  await server(store, protocol);
  await store.close();
}

await session(2);
await session(3);
finish();
