import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, it } from 'node:test';
import type { Snapshot } from '../../../../core/model/snapshot.ts';
import type { Logger } from '../../../../core/runtime/logger.ts';
import { LastGoodSnapshot } from '../../../../data-plane/subscription/last-good-snapshot.ts';
import { stageSnapshotFile } from '../../../../data-plane/subscription/snapshot-file.ts';
import { FakeClock } from '../../../../harness/fake-clock.ts';
import { eventually, temporaryFolder, type Scope } from '../../../../harness/programs/processes.ts';
import * as make from '../../../../harness/snapshots.ts';

const [one, two] = [make.snapshot(1, make.pool('web')), make.snapshot(2, make.pool('web'))];

describe('the start from disk', () => {
  let stateDir = '';
  let said: string[];
  let clock: FakeClock;
  beforeEach(() => {
    said = [];
    clock = new FakeClock();
  });
  const note = (fields: unknown, message: string) => void said.push(`${JSON.stringify(fields)} ${message}`);
  const logger = { info: note, warn: note, error: note } as unknown as Logger;

  async function saved(scope: Scope, ...snapshots: readonly Snapshot[]): Promise<void> {
    stateDir = temporaryFolder(scope);
    for (const snapshot of snapshots) {
      await (await stageSnapshotFile(stateDir, { snapshot, savedAtMs: clock.wallMs() })).keep();
    }
  }

  /** The revision that a new process runs; it is killed afterwards unless `lastGood` is used further. */
  async function start(canRun: (snapshot: Snapshot) => boolean = () => true) {
    const lastGood = new LastGoodSnapshot({ stateDir, clock, logger });
    const result = await lastGood.resume(async (snapshot) =>
      canRun(snapshot) ? [] : [{ field: '', description: 'has no place here' }],
    );
    return { lastGood, revision: result?.snapshot.position.revision ?? null };
  }

  const starts = async (times: number) => {
    const revisions: (number | null)[] = [];
    for (let time = 0; time < times; time += 1) revisions.push((await start()).revision);
    return revisions;
  };

  it('no snapshot keeps a proxy down for ever: after three starts the one before, then none', async (t) => {
    await saved(t, one, two);
    assert.deepEqual(await starts(8), [2, 2, 2, 1, 1, 1, null, null]);
    const files = readdirSync(stateDir).sort();
    assert.deepEqual(files, ['snapshot.before.json.set-aside', 'snapshot.json.set-aside', 'starts']);
    assert.match(said.join('\n'), /snapshot\.json\.set-aside.*3 starts in a row/);
  });

  it('counts from nothing again once a start has lasted, or was good for another reason', async (t) => {
    await saved(t, one, two);
    for (let round = 0; round < 4; round += 1) {
      assert.deepEqual(await starts(2), [2, 2]);
      const { lastGood } = await start();
      if (round % 2 === 0) clock.advance(10_000);
      else lastGood.survived();
      await eventually(async () => !existsSync(join(stateDir, 'starts')) || undefined, 'the count is gone');
    }
  });

  it('takes the one before where the newest is torn, foreign or can not be run, with a warning', async (t) => {
    await saved(t, one, two);
    writeFileSync(join(stateDir, 'snapshot.json'), '{"format":1,"checksum":"0"}\n{');
    assert.equal((await start()).revision, 1);
    assert.match(said.join('\n'), /checksum is wrong.*ignored/);
    await saved(t, one, two);
    assert.equal((await start(({ position }) => position.revision === 1)).revision, 1);
    assert.match(said.join('\n'), /has no place here.*ignored/);
    assert.ok(existsSync(join(stateDir, 'snapshot.json.set-aside')));
  });

  it('goes on where its count can not be written', async (t) => {
    await saved(t, one);
    writeFileSync(join(stateDir, 'starts'), 'garbage');
    assert.equal((await start()).revision, 1);
    stateDir = join(stateDir, 'gone');
    assert.equal((await start()).revision, null);
    assert.match(said.at(-1) ?? '', /starts are not counted/);
  });
});
