// ioredis: a session of everyday calls, with automatic and explicit pipelines, buffers and a scan stream.
import Redis from 'ioredis';
import { becomes, check, equal, finish, port, refused } from './tally.mjs';

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
await keys();
await server();
finish();
