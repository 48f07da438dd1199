// The address of a view: its page and its inputs, such as #/pools?pools.search=web, so that it can be shared.

/** `parts`: those of the path; null in place of one that is not valid percent-encoding. */
export function parseHash(hash) {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  const parts = path.split('/').filter((part) => part !== '');
  return { parts: parts.map(decoded), inputs: new URLSearchParams(query) };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return null;
  }
}

/** The same address with other inputs; an empty value takes an input away. */
function withInputs(hash, values) {
  const [path = ''] = hash.split('?', 1);
  const { inputs } = parseHash(hash);
  for (const [name, value] of Object.entries(values)) {
    if (value === '') inputs.delete(name);
    else inputs.set(name, value);
  }
  const query = inputs.toString();
  return `${path || '#/'}${query === '' ? '' : `?${query}`}`;
}

export const input = (name) => parseHash(location.hash).inputs.get(name) ?? '';

/** Replaces the address, so that going back leaves the page instead of taking back each letter. The page draws itself again. */
export function setInputs(values) {
  window.history.replaceState(null, '', withInputs(location.hash, values));
  window.dispatchEvent(new Event('inputs'));
}

/** The address of the page of one thing. */
export const pageOf = (kind, name) => `${kind}/${encodeURIComponent(name)}`;
