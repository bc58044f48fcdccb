/** Where to listen. */
export interface ListenAddress {
  /** Without brackets for IPv6; undefined = every interface. */
  readonly host: string | undefined;
  /** 0 = any free one. */
  readonly port: number;
}

/**
 * Reads `host:port`, `:port` or `[v6]:port`.
 *
 * @returns The address, or what is wrong with the text.
 */
export function parseListenAddress(text: string): ListenAddress | string {
  const match = /^(?:\[([^\]]*)\]|([^:]*)):(\d{1,5})$/.exec(text);
  if (match === null) return `${JSON.stringify(text)} is not host:port, e.g. 127.0.0.1:8080, [::1]:8080 or :8080.`;
  const port = Number(match[3]);
  if (port > 65_535) return `${JSON.stringify(text)}: ports end at 65535.`;
  return { host: match[1] || match[2] || undefined, port };
}

/** Only programs of this machine can reach it. */
export function isLoopback(host: string | undefined): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d+\.\d+\.\d+$/.test(host ?? '');
}

/** A host, as URLs spell it, that leads to a server which is bound to this IP address. */
export function reachableHost(bound: string): string {
  if (bound === '::' || bound === '0.0.0.0') return 'localhost';
  return bound.includes(':') ? `[${bound}]` : bound;
}
