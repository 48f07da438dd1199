// Every change goes this way: what is asked for, what it would do (a dry run), then it is made, then where it is live.

import { ask, change as send, requestId } from '../lib/api.mjs';
import { render } from '../lib/dom.mjs';
import { previewStep } from './change-preview.mjs';
import { askStep, resultStep } from './change-steps.mjs';

const AUTHOR_KEY = 'equipoise-author';
const LOOK_AGAIN_MS = 400;

/**
 * `what`: title, lead, fields (each with a name, label, value and what its violations are about), request(values) as
 * {method, request}, asked for at each dry run, done: what is said at the end, danger: it takes something away, asShown: it
 * is refused when there is another revision since the dry run.
 */
export function change(what) {
  const dialog = document.createElement('dialog');
  const run = {
    what,
    step: 'ask',
    values: Object.fromEntries((what.fields ?? []).map(({ name, value }) => [name, value])),
    author: localStorage.getItem(AUTHOR_KEY) ?? '',
    message: '',
    busy: false,
    refusal: null,
    /** What was tried dry: it is applied as it is, or tried again. */
    asked: null,
    preview: null,
    // Somebody else was quicker: what is shown is no longer what would happen.
    outdated: false,
    result: null,
    // It was sent, and nobody knows what became of it: it may itself be the newest revision.
    unsure: false,
    convergence: null,
    // One for all attempts to apply the same thing: if the first was carried out, the next one says so.
    requestId: requestId(),
    closed: false,
  };
  const acts = actsOf(run, dialog);
  run.draw = () => {
    if (!run.closed) render(dialog, stepOf(run, acts));
  };
  dialog.className = 'change';
  dialog.setAttribute('aria-label', what.title);
  dialog.addEventListener('close', () => {
    run.closed = true;
    dialog.remove();
    // What opened it may have gone, such as the row of a backend that was removed.
    if (document.activeElement === document.body)
      document.getElementById('main').focus({ preventScroll: true });
  });
  dialog.addEventListener('keydown', ignoreHeldEnter);
  document.body.append(dialog);
  run.draw();
  dialog.showModal();
  // What is typed takes the place of what is there, rather than a 4 behind a 1.
  document.activeElement.select?.();
  if (run.what.fields === undefined) void acts.preview();
}

function stepOf(run, acts) {
  if (run.step === 'ask') return askStep(run, acts);
  return run.step === 'preview' ? previewStep(run, acts) : resultStep(run, acts);
}

function actsOf(run, dialog) {
  const busy = async (work) => {
    run.busy = true;
    run.refusal = null;
    run.draw();
    try {
      await work();
    } catch (refusal) {
      run.refusal = refusal;
    }
    run.busy = false;
    run.draw();
    settleFocus(dialog);
  };
  const preview = () =>
    busy(async () => {
      run.asked = run.what.request(readValues(run));
      run.preview = await dryRun(run);
      run.outdated = false;
      run.step = 'preview';
    });
  return {
    close: () => dialog.close(),
    set: (name, value) => {
      run.values[name] = value;
    },
    preview,
    back: () => {
      run.step = 'ask';
      run.refusal = null;
      run.requestId = requestId();
      run.draw();
    },
    apply: (force) => busy(() => apply(run, force)),
  };
}

const dryRun = ({ asked: { method, request } }) => send(method, { ...request, dryRun: true });

async function apply(run, force) {
  const { method, request } = run.asked;
  localStorage.setItem(AUTHOR_KEY, run.author);
  const fields = { requestId: run.requestId, author: run.author || 'dashboard', message: run.message, force };
  try {
    const shown = run.what.asShown && !run.unsure ? run.preview.revision : undefined;
    run.result = await send(method, { ...request, ...fields }, shown);
  } catch (refusal) {
    run.unsure ||= refusal.status === 0 || refusal.status >= 500;
    run.outdated = refusal.code === 'ABORTED';
    // What the guard has against it now may be new: it is shown before it can be overruled.
    if (refusal.code === 'FAILED_PRECONDITION') run.preview = await dryRun(run).catch(() => run.preview);
    throw refusal;
  }
  run.step = 'result';
  if (!run.result.unchanged) void untilLive(run);
}

/** Asks how far the revision has come until all have it, or it is clear that not all will. */
async function untilLive(run) {
  while (!run.closed) {
    try {
      run.convergence = await ask(`/api/converged?revision=${run.result.revision}`);
      run.draw();
      if (run.convergence.settled) return;
    } catch {
      // The control plane may be restarting; the revision is durable already.
    }
    await new Promise((resolve) => window.setTimeout(resolve, LOOK_AGAIN_MS));
  }
}

/** What was typed, as the request wants it. */
function readValues({ what, values }) {
  return Object.fromEntries(
    (what.fields ?? []).map(({ name, lines, number }) => {
      const text = values[name].trim();
      if (lines) return [name, text.split(/[\s,]+/).filter((line) => line !== '')];
      // What is no number goes as it is: the answer says what is wrong with it.
      return [name, number && text !== '' && Number.isFinite(Number(text)) ? Number(text) : text];
    }),
  );
}

/** A key that is held since before would go through every step at once. */
function ignoreHeldEnter(event) {
  if (event.repeat && event.key === 'Enter' && event.target.tagName !== 'TEXTAREA') event.preventDefault();
}

/** When a step has gone, its focus goes to what comes next rather than nowhere. */
function settleFocus(dialog) {
  if (dialog.contains(document.activeElement) && document.activeElement !== dialog) return;
  (
    dialog.querySelector('[aria-invalid]') ??
    dialog.querySelector('[data-next]') ??
    dialog.querySelector('button')
  )?.focus();
}
