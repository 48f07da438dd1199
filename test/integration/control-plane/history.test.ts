/** History, difference and rollback, as lbctl and other clients of a control plane have them. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { lbctlFor, succeed } from '../../../harness/programs/fleet.ts';
import { laterScope, type Scope } from '../../../harness/programs/processes.ts';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';

const A = '10.0.0.1:80';
const B = '10.0.0.2:80';

/** Revisions: 1 a pool, 2 its listener, 3 a weight, 4 a drain, 5 the listener goes elsewhere, 6 a backend is gone. */
async function eventful(context: Scope) {
  const plane = await runControlPlane(context);
  const lbctl = lbctlFor(plane.grpcAddress);
  for (const words of [
    `create pool web --backend ${A} --backend ${B},weight=2 --message first`,
    'create listener web --address 0.0.0.0:80 --pool web',
    `backend set web ${A} --weight 7`,
    `backend drain web ${A}`,
    'set listener web --address 0.0.0.0:81',
    `backend remove web ${B} --force`,
  ]) {
    await succeed(lbctl, words.split(' '));
  }
  const json = async (...words: string[]) => JSON.parse(await succeed(lbctl, [...words, '-o', 'json']));
  return { ...plane, lbctl, json };
}

/** One control plane for all: the tests that change it come last. */
describe('lbctl history, show, diff and rollback', () => {
  const scope = laterScope();
  let plane: Awaited<ReturnType<typeof eventful>>;
  before(async () => {
    plane = await eventful(scope);
  });
  after(() => scope.end());

  it('show what a revision changed, field by field', async () => {
    const { json, lbctl } = plane;
    const shown = await json('show', '3');
    assert.equal(shown.revision, '3');
    assert.deepEqual(shown.changes, [
      {
        action: 'updated',
        kind: 'backend',
        name: `web/${A}`,
        before: { pool: 'web', address: A, weight: 1, state: 'active' },
        after: { pool: 'web', address: A, weight: 7, state: 'active' },
      },
    ]);
    const text = await succeed(lbctl, ['show', '3']);
    assert.match(text, /^Revision +3\n/);
    assert.match(text, /~ backend web\/10\.0\.0\.1:80 \(updated\)\n- {3}weight: 1\n\+ {3}weight: 7\n$/);
    assert.match((await lbctl(['show', '7'])).stderr, /There is no revision 7 yet: the newest is 6\./);
    assert.match((await lbctl(['show', '0'])).stderr, /revision is 0, but the first one is 1/);
  });

  it('say what leads from one revision to another, either way, and exit 5', async () => {
    const { lbctl } = plane;
    const there = await lbctl(['diff', '1', '6', '-o', 'name']);
    assert.deepEqual([there.code, there.stdout], [5, `backend/web/${A}\nbackend/web/${B}\nlistener/web\n`]);
    const back = await lbctl(['diff', '3', '1']);
    assert.match(back.stdout, /- {3}weight: 7\n\+ {3}weight: 1\n- listener web \(deleted\)/);
    assert.deepEqual((await lbctl(['diff', '2', '2'])).code, 0);
  });

  it('bring back an earlier configuration as a new revision, and say what they left alone', async () => {
    const { lbctl, json } = plane;
    const dry = await lbctl(['rollback', '2', '--dry-run']);
    assert.equal(dry.code, 0);
    assert.match(
      dry.stdout,
      /\+ backend web\/10\.0\.0\.2:80 \(created\)[\s\S]*dry run: nothing was changed\n$/,
    );
    const note = `a rollback does not change the state of existing backends; these were kept: web/${A} (draining, was active)`;
    assert.equal(dry.stderr, `${note}\n`);
    const done = await lbctl(['rollback', '2', '--wait', '-o', 'json']);
    assert.equal(done.code, 0, done.stderr);
    const { revision, notes } = JSON.parse(done.stdout);
    assert.deepEqual([revision, notes], ['7', [note]]);
    assert.deepEqual(
      (await json('get', 'backends')).map(({ address, weight, state }: Record<string, unknown>) => [
        address,
        weight,
        state,
      ]),
      [
        [A, 1, 'draining'],
        [B, 2, 'active'],
      ],
    );
    assert.equal((await json('show', '7')).message, 'rollback to revision 2');
    assert.deepEqual((await lbctl(['diff', '2', '7', '-o', 'name'])).stdout, `backend/web/${A}\n`);
    assert.equal((await lbctl(['rollback', '2'])).stdout, 'unchanged\n');
    const missing = await lbctl(['rollback', '99']);
    assert.deepEqual([missing.code, missing.stdout], [1, '']);
    assert.match(missing.stderr, /There is no revision 99 yet: the newest is 7\./);
  });
});
