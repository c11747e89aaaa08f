// node-redis: the same session of everyday calls in RESP2 and in RESP3.
import { createClient, RESP_TYPES } from 'redis';
import { becomes, check, equal, finish, port, refused } from './tally.mjs';

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
  await pipelines(store);
  await keys(store);
  await server(store, protocol);
  await store.close();
}

await session(2);
await session(3);
finish();
