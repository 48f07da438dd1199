// The dialog of every change: its fields, a preview (a dry run), the change itself, and which proxies run it.

import { ask, change as send, requestId } from '../lib/api.mjs';
import { render } from '../lib/dom.mjs';
import { previewStep } from './change-preview.mjs';
import { askStep, resultStep } from './change-steps.mjs';

const AUTHOR_KEY = 'equipoise-author';
const POLL_MS = 400;

/**
 * `what`: title; lead; fields, each with a name, label, value and a pattern `about` for its violations; request(texts), which
 * returns {method, request} for each dry run of what the fields have; direct: the button of an action without a preview; done: the headline of the result; danger: it removes something; asShown: it is
 * refused if there is a newer revision than in the preview; subject: what somebody may change meanwhile.
 */
export function change({ fields = [], ...rest }) {
  const dialog = document.createElement('dialog');
  const what = { fields, ...rest };
  const run = {
    what,
    step: 'ask',
    values: Object.fromEntries(fields.map(({ name, value }) => [name, value])),
    author: localStorage.getItem(AUTHOR_KEY) ?? '',
    message: '',
    busy: false,
    refusal: null,
    /** The request of the last dry run, which Apply sends unchanged. */
    planned: null,
    preview: null,
    // Somebody changed the same thing meanwhile, so the preview is out of date.
    outdated: false,
    result: null,
    // The outcome of an earlier attempt is unknown, so the newest revision may be this change itself.
    unsure: false,
    convergence: null,
    // The same id for every attempt to apply this change: if the first one succeeded, the next one reports that.
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
    // The button that opened the dialog may be gone, for example with the row of a removed backend.
    if (document.activeElement === document.body)
      document.getElementById('main').focus({ preventScroll: true });
  });
  dialog.addEventListener('keydown', ignoreHeldEnter);
  // Escape while a change is being made would hide what becomes of it.
  dialog.addEventListener('cancel', (event) => run.busy && run.step === 'preview' && event.preventDefault());
  document.body.append(dialog);
  run.draw();
  dialog.showModal();
  // Typing replaces the current value instead of appending to it.
  document.activeElement.select?.();
  if (fields.length === 0 && what.direct === undefined) void acts.preview();
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
      run.planned = run.what.request(run.values);
      run.preview = await dryRun(run);
      run.outdated = false;
      run.step = 'preview';
    });
  return {
    close: () => dialog.close(),
    preview,
    back: () => {
      run.step = 'ask';
      run.refusal = null;
      run.requestId = requestId();
      run.draw();
    },
    apply: (force) => busy(() => apply(run, force)),
    direct: () =>
      busy(async () => {
        const { method, request } = run.what.request({});
        await send(method, request);
        dialog.close();
      }),
  };
}

const dryRun = ({ planned: { method, request } }) => send(method, { ...request, dryRun: true });

/** A control plane that could not reach its store says UNAVAILABLE, and has written nothing. */
const isUnknown = ({ status, code }) => status === 0 || (status >= 500 && code !== 'UNAVAILABLE');

async function apply(run, force) {
  const { method, request } = run.planned;
  localStorage.setItem(AUTHOR_KEY, run.author);
  const fields = { requestId: run.requestId, author: run.author || 'dashboard', message: run.message, force };
  try {
    const shown = run.what.asShown && !run.unsure ? run.preview.revision : undefined;
    run.result = await send(method, { ...request, ...fields }, shown);
  } catch (refusal) {
    run.unsure ||= isUnknown(refusal);
    run.outdated = refusal.code === 'ABORTED';
    // The guard may have new reasons now; they are shown before the user can override it.
    if (refusal.code === 'FAILED_PRECONDITION') run.preview = await dryRun(run).catch(() => run.preview);
    throw refusal;
  }
  run.step = 'result';
  if (!run.result.unchanged) void untilLive(run);
}

/** Polls until all proxies run the revision, or it is clear that not all of them will. */
async function untilLive(run) {
  while (!run.closed) {
    try {
      run.convergence = await ask(`/api/converged?revision=${run.result.revision}`);
      run.draw();
      if (run.convergence.settled) return;
    } catch {
      // The control plane may be restarting; the change is stored already.
    }
    await new Promise((resolve) => window.setTimeout(resolve, POLL_MS));
  }
}

/** Without this, holding Enter would go through all steps at once. */
function ignoreHeldEnter(event) {
  if (event.repeat && event.key === 'Enter' && event.target.tagName !== 'TEXTAREA') event.preventDefault();
}

/** After a step, moves the focus to the first error or the next button. */
function settleFocus(dialog) {
  if (dialog.contains(document.activeElement) && document.activeElement !== dialog) return;
  const targets = ['[aria-invalid]', '[data-next]', 'button'].map((one) => dialog.querySelector(one));
  targets.find((target) => target !== null)?.focus();
}
