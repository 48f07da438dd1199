/**
 * `npm run soak`: traffic of every kind through a real proxy while its plan changes ten times a second. Fails when a
 * byte is wrong, a connection fails, or memory or descriptors of the proxy grow.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startMirror } from '../harness/engine/checked-conversation.ts';
import { startEquipoise } from './balancers/equipoise.ts';
import { changerOf } from './changes.ts';
import { ENGINES, type Engine } from './engine-flag.ts';
import { startFlappingBackend } from './flapping-backend.ts';
import { countDescriptors, readPss } from './measure/process-figures.ts';
import { chooseCpus } from './pinning.ts';
import { programScope, type RunScope } from './run-scope.ts';
import { growthOf } from './soak/growth.ts';
import { SoakTraffic } from './soak/traffic.ts';

const HELP = `npm run soak -- [flags]      traffic of every kind while everything changes, and no growth

  --minutes N         10 when left out
  --engine ENGINE     ${ENGINES.join(', ')}: passed to lb-data-plane; auto when left out
  --help              this text`;

const MIRRORS = 4;
const MIB = 1_024 * 1_024;
/** Less is what heaps do: code that is compiled late, a collection that is not due yet. */
const memoryAllowed = (early: number): number => early * 1.1 + 4 * MIB;
/** Connections of the moment come and go; the lowest counts differ by a few. */
const descriptorsAllowed = (early: number): number => early + 20;

interface Samples {
  readonly pss: number[];
  readonly descriptors: number[];
}

async function soak(scope: RunScope, minutes: number, engine: Engine): Promise<readonly string[]> {
  const mirrors = await Promise.all(Array.from({ length: MIRRORS }, () => startMirror()));
  for (const mirror of mirrors) scope.after(() => mirror.stop());
  const backends = mirrors.map(({ address }) => address);
  const flapping = await startFlappingBackend(scope);
  const around = { cpus: chooseCpus(), backends, connections: 1_000, engine, more: flapping.resources };
  const ours = await startEquipoise(scope, around);
  const traffic = new SoakTraffic(Number(ours.address.split(':').at(-1)));
  const samples: Samples = { pss: [], descriptors: [] };
  for (let minute = 1; minute <= minutes; minute += 1) {
    const changes = changerOf(ours, backends, flapping).run(60);
    for (let second = 0; second < 60; second += 1) {
      await wait(1_000);
      samples.pss.push(readPss(ours.pid));
      samples.descriptors.push(countDescriptors(ours.pid));
    }
    const { commits, flips } = await changes;
    const { connections, bytes, failures } = traffic;
    console.log(
      `minute ${minute}: ${connections} connections, ${Math.round(bytes / MIB)} MiB checked, ${failures.length} failures; ` +
        `${commits} changes, ${flips} flips; ${Math.round((samples.pss.at(-1) ?? 0) / MIB)} MiB, ${samples.descriptors.at(-1)} descriptors`,
    );
  }
  await traffic.stop();
  return [...traffic.failures.slice(0, 20), ...growthFailures(samples)];
}

/** Prints how it stands, and answers what grew. */
function growthFailures({ pss, descriptors }: Samples): string[] {
  const memory = growthOf(pss, memoryAllowed);
  const files = growthOf(descriptors, descriptorsAllowed);
  console.log(`memory: ${(memory.early / MIB).toFixed(1)} MiB early, ${(memory.late / MIB).toFixed(1)} late`);
  console.log(`descriptors: ${files.early} early, ${files.late} late`);
  return [...(memory.grows ? ['memory grows'] : []), ...(files.grows ? ['descriptors grow'] : [])];
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      minutes: { type: 'string', default: '10' },
      engine: { type: 'string', default: 'auto' },
      help: { type: 'boolean', default: false },
    },
  });
  const minutes = Number(values.minutes);
  const engine = ENGINES.find((each) => each === values.engine);
  if (values.help || !Number.isInteger(minutes) || minutes < 1 || engine === undefined) {
    console.error(HELP);
    return values.help ? 0 : 2;
  }
  const scope = programScope();
  try {
    const failures = await soak(scope, minutes, engine);
    for (const failure of failures) console.error(failure);
    console.log(failures.length === 0 ? 'passed' : 'FAILED');
    return failures.length === 0 ? 0 : 1;
  } finally {
    await scope.close();
  }
}

process.exitCode = await main();
