/** Every action of the dashboard in a real browser, seen through the API and in where traffic goes. */
import assert from 'node:assert/strict';
import { describe } from 'node:test';
import type { Backend__Output } from '../../core/wire/generated/lb/v1/Backend.ts';
import { screenshot } from '../../harness/programs/browser.ts';
import { type DashboardFleet, untilReached } from '../../harness/programs/dashboard-fleet.ts';
import { apply, dashboardSuite, press } from '../../harness/programs/dashboard-suite.ts';
import { eventually } from '../../harness/programs/processes.ts';

describe('the dashboard changes', () => {
  const test = dashboardSuite();

  test(
    'a backend from active to draining, to disabled and back, with who and why in the history',
    '#/pools/web',
    async (page, fleet) => {
      const [first = '', ...others] = fleet.backends;
      await press(page, `Drain ${first}`);
      await page.getByText('This is what would change. Nothing has been changed yet.').waitFor();
      assert.equal((await backend(fleet, first))?.state, 'BACKEND_STATE_ACTIVE');
      await page.getByLabel('Author').fill('anna');
      await page.getByLabel('Message').fill('kernel update');
      await screenshot(page, 'dialog-drain');
      await apply(page);
      await untilBackend(fleet, first, (found) => found?.state === 'BACKEND_STATE_DRAINING');
      await untilReached(fleet, others);
      await press(page, `Disable ${first}`);
      await apply(page);
      await untilBackend(fleet, first, (found) => found?.state === 'BACKEND_STATE_DISABLED');
      const disabled = page.getByRole('row').filter({ hasText: first });
      await disabled.getByText('gets no connections and no health checks').waitFor();
      await press(page, `Enable ${first}`);
      await apply(page);
      await untilReached(fleet, fleet.backends);
      await page.goto(`http://${fleet.http}/#/history`);
      const row = page.getByRole('row').filter({ hasText: 'kernel update' });
      await row.getByText('anna').waitFor();
    },
  );

  test('a pool by a backend more, and takes it out again', '#/pools/web', async (page, fleet) => {
    await press(page, 'Add backends');
    await page.getByLabel('Addresses').fill(fleet.spare);
    await press(page, 'Preview');
    await page.getByText(`web/${fleet.spare}`).waitFor();
    await screenshot(page, 'dialog-add');
    await apply(page);
    await untilReached(fleet, [...fleet.backends, fleet.spare]);
    await page.getByRole('row').filter({ hasText: fleet.spare }).getByText('up', { exact: true }).waitFor();
    await press(page, `Remove ${fleet.spare}`);
    await apply(page);
    await untilBackend(fleet, fleet.spare, (found) => found === undefined);
    await untilReached(fleet, fleet.backends);
  });

  test('a weight, and traffic follows', '#/pools/web', async (page, fleet) => {
    const [first = '', ...others] = fleet.backends;
    for (const [weight, reached] of [
      ['0', others],
      ['1', fleet.backends],
    ] as const) {
      await press(page, `Weight ${first}`);
      await page.getByLabel('Weight', { exact: true }).fill(weight);
      await press(page, 'Preview');
      await apply(page);
      await untilBackend(fleet, first, (found) => found?.weight === Number(weight));
      await untilReached(fleet, reached);
    }
  });

  test('a strategy, and which policy a pool follows', '#/pools/web', async (page, fleet) => {
    const strategy = async () =>
      (await fleet.call('policies', 'GetPolicy', { name: 'default' })).response.strategy;
    await press(page, 'Edit policy');
    await page.getByLabel('Strategy', { exact: true }).selectOption('source_hash');
    await press(page, 'Preview');
    await page.getByText('strategy:').waitFor();
    await apply(page);
    assert.equal(await strategy(), 'STRATEGY_SOURCE_HASH');
    // All clients of this test have one address, so they are all sent to the same backend.
    await eventually(
      async () => (await fleet.reached()).size === 1 || undefined,
      'one backend for one client',
    );
    await press(page, 'Edit policy');
    await page.getByLabel('Strategy', { exact: true }).selectOption('round_robin');
    await press(page, 'Preview');
    await apply(page);
    await untilReached(fleet, fleet.backends);
    await press(page, 'Edit pool');
    await page.getByLabel('Policy', { exact: true }).selectOption('steady');
    await press(page, 'Preview');
    await apply(page);
    await eventually(
      async () => (await fleet.reached()).size === 1 || undefined,
      'one backend for one client',
    );
  });

  test(
    'everything back to an earlier revision, after it showed what differs',
    '#/history',
    async (page, fleet) => {
      await press(page, 'Compare revision 1 with the newest');
      const difference = page.getByRole('region', { name: 'Difference' });
      await difference.getByText('policy:').waitFor();
      await screenshot(page, 'history-difference');
      await press(page, 'Roll back to revision 1');
      await page.getByRole('dialog').getByText('updated pool').waitFor();
      await apply(page);
      await untilReached(fleet, fleet.backends);
      await page.getByRole('row').filter({ hasText: 'rollback to revision 1' }).waitFor();
    },
  );

  test(
    'nothing that the guard refuses, before it has said why and was overridden',
    '#/pools/web',
    async (page, fleet) => {
      const [first = '', second = '', third = ''] = fleet.backends;
      await press(page, `Drain ${first}`);
      await apply(page);
      await press(page, `Drain ${second}`);
      await page.getByText('would have 1 active backend, less than half').waitFor();
      await apply(page, 'Override the guard and apply');
      await press(page, `Drain ${third}`);
      await page.getByText('The guard refuses this change.').waitFor();
      await page
        .getByText(`would have no backend that any proxy finds healthy; now ${third} is healthy`)
        .waitFor();
      assert.equal(await page.getByRole('button', { name: 'Apply', exact: true }).count(), 0);
      await screenshot(page, 'dialog-guard');
      assert.equal((await backend(fleet, third))?.state, 'BACKEND_STATE_ACTIVE');
      await apply(page, 'Override the guard and apply');
      await untilBackend(fleet, third, (found) => found?.state === 'BACKEND_STATE_DRAINING');
      for (const address of fleet.backends) {
        await press(page, `Enable ${address}`);
        await apply(page);
      }
      await untilReached(fleet, fleet.backends);
    },
  );

  test('makes, edits and deletes a policy, a pool and a listener', '#/pools', async (page, fleet) => {
    await press(page, 'New policy');
    await page.getByLabel('Name').fill('patient');
    await page.getByLabel('Connect timeout').fill('soon');
    await press(page, 'Preview');
    await page.getByText('"soon" is not a duration').waitFor();
    assert.equal(await page.getByLabel('Connect timeout').getAttribute('aria-invalid'), 'true');
    await page.getByLabel('Connect timeout').fill('7s');
    await screenshot(page, 'dialog-policy');
    await press(page, 'Preview');
    await apply(page);
    await press(page, 'Edit policy patient');
    await page.getByLabel('Retries').fill('4');
    await press(page, 'Preview');
    await page.getByText('connect.retries').waitFor();
    await apply(page);
    const { response: policy } = await fleet.call('policies', 'GetPolicy', { name: 'patient' });
    assert.deepEqual([policy.connect?.timeout?.seconds, policy.connect?.retries], ['7', 4]);
    await press(page, 'New pool');
    await page.getByLabel('Name').fill('extra');
    await page.getByLabel('Policy', { exact: true }).selectOption('patient');
    await page.getByLabel('Backends').fill(fleet.spare);
    await press(page, 'Preview');
    await apply(page);
    await page.goto(`http://${fleet.http}/#/listeners`);
    await press(page, 'New listener');
    await page.getByLabel('Name').fill('extra');
    await page.getByLabel('Address').fill('127.0.0.1:1');
    await page.getByLabel('Pool', { exact: true }).selectOption('extra');
    await press(page, 'Preview');
    await apply(page);
    await page.getByRole('link', { name: 'extra' }).first().click();
    await press(page, 'Delete');
    await apply(page);
    await page.getByText('There is no such listener.').waitFor();
    await page.goto(`http://${fleet.http}/#/pools/extra`);
    await press(page, 'Delete pool');
    await apply(page, 'Apply');
    await page.getByText('There is no such pool.').waitFor();
    await page.goto(`http://${fleet.http}/#/pools`);
    await press(page, 'Delete policy patient');
    await apply(page);
  });

  test('nothing when the request is wrong, and says what next to each field', '#/pools/web', async (page) => {
    await press(page, 'Add backends');
    await page.getByLabel('Addresses').fill('10.0.0.9\nexample.com:80');
    await page.getByLabel('Weight of each').fill('2000');
    await press(page, 'Preview');
    const dialog = page.getByRole('dialog');
    await dialog.getByText('"10.0.0.9" has no port').waitFor();
    await dialog.getByText('is 2000; it must be a whole number from').waitFor();
    for (const label of ['Addresses', 'Weight of each']) {
      assert.equal(await page.getByLabel(label).getAttribute('aria-invalid'), 'true', label);
    }
    await screenshot(page, 'dialog-wrong');
    await page.getByLabel('Weight of each').fill('much');
    await press(page, 'Preview');
    await dialog.getByText('must be a whole number').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
  });
});

async function backend(fleet: DashboardFleet, address: string): Promise<Backend__Output | undefined> {
  const { response } = await fleet.call('pools', 'GetPool', { name: 'web' });
  return response.backends.find((one) => one.address === address);
}

async function untilBackend(
  fleet: DashboardFleet,
  address: string,
  holds: (found: Backend__Output | undefined) => boolean,
): Promise<void> {
  await eventually(async () => holds(await backend(fleet, address)) || undefined, `the change of ${address}`);
}
