/** How those who are measured are called in every table. */
export const OURS = 'ours';
export const OURS_SPLICE = 'ours, --splice';
export const HAPROXY = 'HAProxy';
/** The same once more: what differs between the two is the ruler's own error. */
export const HAPROXY_AGAIN = 'HAProxy again';
export const HAPROXY_LARGE_BUFFERS = 'HAProxy, tune.bufsize 262144';
export const HAPROXY_SPLICE = 'HAProxy, splice';
export const NGINX = 'nginx';
