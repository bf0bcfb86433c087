/** A part of the probe that is loaded only when somebody asks for it; each version has its own. */
declare const PROBE_VERSION: string;

export const lazyVersion = PROBE_VERSION;
