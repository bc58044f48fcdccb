/** A page that a browser shows, from another server than the gateway: it sees only what it may see. */
export interface Page {
  /** As the page's `fetch`. @throws TypeError where the browser would, for an answer the page must not read. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** The JSON of a 2xx. */
  json(path: string, init?: RequestInit): Promise<unknown>;
  /** Sends JSON, as the page's forms do. */
  send(method: 'POST' | 'PUT', path: string, body: object, headers?: Record<string, string>): Promise<Response>;
}

export function openPage(gatewayUrl: string, origin: string): Page {
  const fromPage = { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors' };

  async function preflight(path: string, method: string, headers: readonly string[]): Promise<void> {
    const answer = await fetch(gatewayUrl + path, {
      method: 'OPTIONS',
      headers: {
        ...fromPage,
        'access-control-request-method': method,
        'access-control-request-headers': headers.join(','),
      },
    });
    const allowed = (name: string): string[] =>
      (answer.headers.get(`access-control-allow-${name}`) ?? '').split(',').map((item) => item.trim().toLowerCase());
    const missing = [
      ...headers.filter((header) => !allowed('headers').includes(header)),
      ...[method.toLowerCase()].filter((word) => !allowed('methods').includes(word)),
    ];
    if (!answer.ok || missing.length > 0) throw new TypeError(`preflight of ${path}: ${missing.join(', ')} refused`);
  }

  const page: Page = {
    async fetch(path, init = {}) {
      const headers = new Headers(init.headers);
      const method = init.method ?? 'GET';
      const special = [...headers.keys()].filter((name) => name !== 'accept');
      if (special.length > 0 || !['GET', 'HEAD', 'POST'].includes(method)) await preflight(path, method, special);
      for (const [name, value] of Object.entries(fromPage)) headers.set(name, value);
      const response = await fetch(gatewayUrl + path, { ...init, headers });
      const readable = response.headers.get('access-control-allow-origin');
      if (readable !== '*' && readable !== origin)
        throw new TypeError(`${path}: a page of ${origin} must not read this`);
      return response;
    },
    async json(path, init) {
      const response = await page.fetch(path, init);
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
      return await response.json();
    },
    send: (method, path, body, headers = {}) =>
      page.fetch(path, {
        method,
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json', ...headers },
      }),
  };
  return page;
}
