/** What --engine of lb-data-plane may be. */
export const ENGINES = ['auto', 'epoll', 'portable'] as const;
export type Engine = (typeof ENGINES)[number];
