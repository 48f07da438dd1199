/** Copies of what brings a snapshot to disk and workers, with one defect each. */
import type { Defect } from './defect.ts';
import { PRODUCT } from './machines.ts';

const { applySteps, stepRollout } = PRODUCT;

export const BROKEN_WORKERS: readonly Defect[] = [
  {
    machine: 'apply',
    name: 'lets workers run a snapshot before it is on disk under its name',
    machines: {
      ...PRODUCT,
      applySteps: (fromDisk) => (fromDisk ? applySteps(true) : ['stage', 'run', 'keep']),
    },
    finds: /never backwards: worker 1 ran revision 2, and now 1/,
    kinds: ['proxy-killed'],
    changes: 1,
    proxy: true,
  },
  {
    machine: 'apply',
    name: 'does not write a snapshot down',
    machines: { ...PRODUCT, applySteps: () => applySteps(true) },
    finds: /never backwards: revision 2 is acknowledged, and the next process would start with 1/,
    kinds: [],
    changes: 1,
    proxy: true,
    faults: 0,
  },
  {
    machine: 'worker rollout',
    name: 'says that a plan is applied before all workers have swapped to it',
    machines: {
      ...PRODUCT,
      stepRollout: (state, event) => {
        const step = stepRollout(state, event);
        const others = step.effects.filter(({ type }) => type !== 'applied');
        const isFirstCommit = event.type === 'done' && step.state.rollout?.phase === 'committing';
        const { rollout } = step.state;
        if (!isFirstCommit || rollout === null || others.length > 0) return step;
        return { ...step, effects: [{ type: 'applied', sequence: rollout.sequence }] };
      },
    },
    finds: /never a mixture: revision 2 is acknowledged, and a worker does not run it/,
    kinds: [],
    changes: 1,
    proxy: true,
    faults: 0,
  },
  {
    machine: 'worker rollout',
    name: 'gives a replacement the plan from before the rollout',
    machines: {
      ...PRODUCT,
      stepRollout: (state, event) => {
        const step = stepRollout(state, event);
        if (state.plan === null || step.state.rollout?.phase !== 'committing') {
          const applied = step.effects.find((effect) => effect.type === 'applied');
          return applied ? { ...step, state: { ...step.state, plan: applied.sequence } } : step;
        }
        return { ...step, state: { ...step.state, plan: state.plan } };
      },
    },
    finds: /never a mixture: revision 2 is acknowledged, and a worker does not run it/,
    kinds: ['worker-killed'],
    changes: 1,
    proxy: true,
  },
  {
    machine: 'worker',
    name: 'swaps before it has made the plan ready',
    machines: { ...PRODUCT, commitPrepared: ({ running }) => running && { running, prepared: null } },
    finds: /worker 1 is to run a plan that it has not prepared/,
    kinds: [],
    changes: 1,
    proxy: true,
    faults: 0,
  },
];
