// Requests to the control plane. The token, if one is required, is kept as long as this tab is open.

const ANSWER_TIMEOUT_MS = 20_000;
const KEY = 'equipoise-token';

export const token = {
  get: () => sessionStorage.getItem(KEY) ?? '',
  set: (value) => (value === '' ? sessionStorage.removeItem(KEY) : sessionStorage.setItem(KEY, value)),
};

/** An error of the control plane, with every violation. */
class Refusal extends Error {
  constructor(status, { code = '', error = '', violations = [] }) {
    super(error || `the control plane answered ${status}`);
    this.status = status;
    this.code = code;
    this.violations = violations;
  }
}

/** The headers of every request. */
export function headers(more = {}) {
  const value = token.get();
  return value === '' ? more : { ...more, authorization: `Bearer ${value}` };
}

/** Resolves to the answer. Rejects with a Refusal, also when the control plane does not answer. */
export async function ask(path, options = {}) {
  const send = () =>
    fetch(path, {
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      ...options,
      headers: headers(options.headers),
    });
  let response;
  try {
    // A browser ends all its requests when an interface of its host changes. Each of ours may be sent again: the same
    // change is made once.
    response = await send().catch((error) => {
      if (error.name === 'TimeoutError') throw error;
      return send();
    });
  } catch {
    throw new Refusal(0, { code: 'UNREACHABLE', error: 'The control plane does not answer.' });
  }
  const answer = await response.json().catch(() => null);
  // An answer that was cut off says nothing, whatever its status was.
  if (answer === null)
    throw new Refusal(response.ok ? 0 : response.status, {
      error: 'The answer of the control plane was cut off.',
    });
  if (!response.ok) throw new Refusal(response.status, answer);
  return answer;
}

/**
 * Calls a changing method. Repeating it with the same requestId is safe. `shown`: the change is refused unless this is still
 * the newest revision.
 */
export const change = (method, request, shown) =>
  ask('/api/changes', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ method, request, shown }),
  });

/** A new request id. Works on pages without TLS, where crypto.randomUUID does not exist. */
export function requestId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
