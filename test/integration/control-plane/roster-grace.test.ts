/** WaitConverged just after a start, when the proxies have not come back yet. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Fleet } from '../../../control-plane/fleet/fleet.ts';
import { FakeClock } from '../../../harness/fake-clock.ts';
import { runControlPlane } from '../../../harness/programs/running-control-plane.ts';
import { ServerStream } from '../../../harness/control-plane/server-stream.ts';

describe('an empty roster just after a start', () => {
  it('is pending, and has converged once no proxy has come', async (context) => {
    const plane = await runControlPlane(context, { rosterGraceMs: 5_000 });
    const stream = new ServerStream(plane.client.config.waitConverged({ revision: '0' }));
    assert.equal((await stream.next()).outcome, 'OUTCOME_PENDING');
    assert.equal((await stream.next()).outcome, 'OUTCOME_CONVERGED');
    assert.equal(await stream.end(), 'in order');
  });

  it('is unknown for longer than the longest backoff of a proxy', () => {
    const clock = new FakeClock();
    const fleet = new Fleet(clock);
    clock.advance(4_999);
    assert.equal(fleet.unknownForMs(), 1);
    clock.advance(1);
    assert.equal(fleet.unknownForMs(), 0);
  });
});
