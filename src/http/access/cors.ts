import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import type { CorsConfig } from '../../config/types.ts';
import { stamp } from '../messages.ts';

/** What other sites' pages may do, as the configuration has it. */
export interface Cors {
  allows(origin: string): boolean;
  /** Lets the page that asks read the answer, if its origin is allowed. Before anything is answered. */
  mark(headers: IncomingHttpHeaders, res: ServerResponse): void;
}

/** Of our headers, those a program has a use for. */
const EXPOSED = 'x-request-id, retry-after';

export function createCors({ origins }: CorsConfig): Cors {
  const every = origins.includes('*');
  const known = new Set(origins.map((origin) => origin.toLowerCase().replace(/\/$/, '')));
  const allows = (origin: string): boolean => every || known.has(origin.toLowerCase());
  return {
    allows,
    mark({ origin }, res) {
      if (known.size === 0) return;
      if (!every) stamp(res, 'vary', 'Origin');
      if (origin === undefined || !allows(origin)) return;
      stamp(res, 'access-control-allow-origin', every ? '*' : origin);
      stamp(res, 'access-control-expose-headers', EXPOSED);
    },
  };
}
