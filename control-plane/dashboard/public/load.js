// Loads the page again when one of its files could not be loaded, because a browser does not try a failed module again.
// It is the first script and needs no other, so that it runs whatever becomes of them.

'use strict';

const RETRY_MS = 2_000;

document.addEventListener(
  'error',
  ({ target }) => {
    if (!(target instanceof HTMLScriptElement || target instanceof HTMLLinkElement)) return;
    const words = 'The page could not be loaded, because the control plane did not answer. Trying again …';
    const loading = document.getElementById('loading');
    if (loading !== null) loading.textContent = words;
    window.setTimeout(() => location.reload(), RETRY_MS);
  },
  true,
);
