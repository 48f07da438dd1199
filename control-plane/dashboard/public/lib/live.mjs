// The live stream of the control plane. EventSource can't send a token, so this reads the same format with fetch.

import { headers } from './api.mjs';

const RETRY_MS = [500, 1_000, 2_000, 3_000];
/** The control plane sends something every second; after this long without anything the stream is opened again. */
const SILENCE_MS = 8_000;

/**
 * Keeps a stream open until the returned function is called. `hear(event, data)` gets every event, `onState({live, why,
 * status})` every change of the connection. It stops by itself with status 401, when a token is required.
 */
export function follow(path, hear, onState) {
  const run = { stopped: false, abort: null, retry: 0, timer: 0 };
  void keepOpen(run, path, hear, onState);
  return () => {
    run.stopped = true;
    run.abort?.abort();
    window.clearTimeout(run.timer);
    run.wake?.();
  };
}

async function keepOpen(run, path, hear, onState) {
  while (!run.stopped) {
    const ended = await once(run, path, hear, onState);
    if (run.stopped) return;
    onState({ live: false, ...ended });
    if (ended.status === 401) return;
    const pause = RETRY_MS[Math.min(run.retry, RETRY_MS.length - 1)];
    run.retry += 1;
    await new Promise((resolve) => {
      run.wake = resolve;
      run.timer = window.setTimeout(resolve, pause);
    });
  }
}

async function once(run, path, hear, onState) {
  const abort = new AbortController();
  run.abort = abort;
  let silence = 0;
  const heard = () => {
    window.clearTimeout(silence);
    silence = window.setTimeout(() => abort.abort(), SILENCE_MS);
  };
  heard();
  try {
    const response = await fetch(path, {
      headers: headers({ accept: 'text/event-stream' }),
      signal: abort.signal,
    });
    if (!response.ok) {
      const { status } = response;
      const { error } = await response.json().catch(() => ({}));
      return { status, why: error ?? `the control plane answered with status ${status}` };
    }
    for await (const { event, data } of eventsOf(response.body, heard)) {
      if (run.stopped) break;
      run.retry = 0;
      hear(event, JSON.parse(data));
      onState({ live: true });
    }
    return { status: 0, why: 'the control plane ended the stream' };
  } catch {
    const why = abort.signal.aborted ? 'nothing was received' : 'the control plane does not answer';
    return { status: 0, why };
  } finally {
    window.clearTimeout(silence);
    abort.abort();
  }
}

async function* eventsOf(body, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    heard();
    const blocks = (rest + value).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const fields = Object.fromEntries(block.split('\n').map((line) => line.split(/: (.*)/s)));
      if (fields.event !== undefined) yield { event: fields.event, data: fields.data ?? 'null' };
    }
  }
}
