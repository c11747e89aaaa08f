// Counts what a test script checks and ends it with the line "N passed, N failed".
import { isDeepStrictEqual } from 'node:util';

export const port = Number(process.env.CUBBY_PORT);

let passed = 0;
let failed = 0;

export function check(name, condition, detail = '') {
  if (condition) {
    passed++;
    return;
  }
  failed++;
  console.log(`not ok: ${name}: ${detail}`);
}

export function equal(name, got, want) {
  check(name, isDeepStrictEqual(got, want), `want ${JSON.stringify(want)}, got ${JSON.stringify(got)}`);
}

// The call must be refused with an error that contains the text.
export async function refused(name, text, call) {
  try {
    check(name, false, await call());
  } catch (error) {
    check(name, error.message.includes(text), error.message);
  }
}

// Asks again and again until the answer is the one wanted or the deadline has passed.
export async function becomes(name, want, ask) {
  const end = Date.now() + 20000;
  let got = await ask();
  while (!isDeepStrictEqual(got, want) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    got = await ask();
  }
  equal(name, got, want);
}

// Kills the connection that has the name, and waits until its client has come back under the same name.
export async function kill_connection(command, name) {
  const id_of = (list) => list.match(new RegExp(`^id=(\\d+) .* name=${name} `, 'm'))?.[1];
  const id = id_of(await command('CLIENT', 'LIST'));
  equal(`${name} is killed`, await command('CLIENT', 'KILL', 'ID', id), 1);
  await becomes(`${name} comes back`, true, async () => ![undefined, id].includes(id_of(await command('CLIENT', 'LIST'))));
}

export function finish() {
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}
