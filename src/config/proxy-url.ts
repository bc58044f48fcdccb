import type { UpstreamConfig } from './types.ts';

export type ProxyUrl =
  | { readonly upstream: UpstreamConfig; readonly ignored: string | null }
  | { readonly wrong: string; readonly hint: string };

/**
 * Takes a `proxy` URL apart. `ignored` names parts of it that will have no effect.
 */
export function parseProxyUrl(text: string): ProxyUrl {
  const trimmed = text.trim();
  const url = URL.parse(trimmed);
  if (!/^https?:\/\//i.test(trimmed)) {
    const withScheme = /^[\w.[\]:-]+(?:\/|$)/.test(trimmed) ? URL.parse(`http://${trimmed}`) : null;
    return {
      wrong: 'must be a URL that starts with http:// or https://',
      hint: `write for example proxy: ${withScheme === null ? 'http://127.0.0.1:9000' : `http://${trimmed}`}`,
    };
  }
  if (url === null || url.hostname === '') {
    return { wrong: 'is not a valid URL', hint: 'write for example proxy: http://127.0.0.1:9000' };
  }
  if (url.port === '0')
    return { wrong: 'has port 0, where nobody can listen', hint: 'write the port of the model server' };
  const protocol = url.protocol === 'https:' ? 'https:' : 'http:';
  const parts = {
    'the user and password': url.username !== '' || url.password !== '',
    'the query': url.search !== '',
    'the fragment': url.hash !== '',
  };
  const ignored = Object.entries(parts).flatMap(([name, there]) => (there ? [name] : []));
  return {
    upstream: {
      url: ignored.length === 0 ? trimmed : `${protocol}//${url.host}${url.pathname}`,
      protocol,
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port === '' ? (protocol === 'https:' ? 443 : 80) : Number(url.port),
      basePath: url.pathname.replace(/\/+$/, ''),
    },
    ignored: ignored.length === 0 ? null : ignored.join(' and '),
  };
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1', '0.0.0.0', '::']);

export function isOfThisMachine({ hostname }: Pick<UpstreamConfig, 'hostname'>): boolean {
  return LOOPBACK.has(hostname);
}

/** Equal for upstreams that cannot both listen at a time: same port, and the same host or two names of this machine. */
export function listenAddress(upstream: Pick<UpstreamConfig, 'hostname' | 'port'>): string {
  return `${isOfThisMachine(upstream) ? 'localhost' : upstream.hostname}:${upstream.port}`;
}
