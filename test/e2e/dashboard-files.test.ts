/** The page in a browser when its own files change or can't be loaded. */
import assert from 'node:assert/strict';
import { cpSync, symlinkSync } from 'node:fs';
import { appendFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { screenshot, startBrowser, visit } from '../../harness/programs/browser.ts';
import { startDashboardFleet } from '../../harness/programs/dashboard-fleet.ts';
import { press } from '../../harness/programs/dashboard-suite.ts';
import {
  built,
  CHECKOUT,
  type Installation,
  type Scope,
  temporaryFolder,
} from '../../harness/programs/processes.ts';
import { present } from '../../harness/programs/real-servers.ts';

describe('a page', () => {
  it('that is older than the control plane says so, and is a new one after it was loaded again', async (t) => {
    if (!present(t, 'chromium')) return;
    const fleet = await startDashboardFleet(t);
    const { page, check } = await visit(t, await startBrowser(t), fleet.http, '#/');
    const older = page.getByText('this page is out of date');
    await page.getByText(/live · revision \d+/).waitFor();
    await fleet.stop();
    await page.getByText(/Reconnecting/).waitFor();
    await fleet.start();
    await page.getByText(/live · revision \d+/).waitFor();
    assert.equal(await older.count(), 0);
    await fleet.stop();
    await fleet.start(await anotherVersion(t));
    await older.waitFor();
    await screenshot(page, 'older-page');
    await press(page, 'Reload');
    await older.waitFor({ state: 'detached' });
    await page.getByText(/live · revision \d+/).waitFor();
    check();
  });

  it('of which a file could not be loaded loads itself again', async (t) => {
    if (!present(t, 'chromium')) return;
    const fleet = await startDashboardFleet(t);
    const { page } = await visit(t, await startBrowser(t), fleet.http, 'nothing');
    await page.route('**/lib/format.mjs', (route) => route.abort(), { times: 1 });
    await page.goto(`http://${fleet.http}/`);
    await page.getByText('Everything is as it should be.').waitFor();
  });
});

/** Our programs as built, but for one file of the page. */
async function anotherVersion(scope: Scope): Promise<Installation> {
  const folder = temporaryFolder(scope);
  const dist = join(folder, 'dist');
  cpSync(built(''), dist, { recursive: true });
  cpSync(join(CHECKOUT, 'package.json'), join(folder, 'package.json'));
  symlinkSync(join(CHECKOUT, 'node_modules'), join(folder, 'node_modules'));
  await appendFile(join(dist, 'control-plane/dashboard/public/app.mjs'), '// another version\n');
  return { node: process.execPath, dist };
}
