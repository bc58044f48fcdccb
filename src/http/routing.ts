import type { Express, Request, RequestHandler, Response } from 'express';
import { GatewayError } from '../errors.ts';

/** One line of the route table. GET answers HEAD as well. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  /**
   * `open`: needs no key; without a word any key will do. `admin`: shows what concerns everybody. `change`: changes it,
   * and is not for pages of other sites.
   */
  readonly access?: 'open' | 'admin' | 'change';
  readonly handle: RequestHandler;
}

/** What stands in front of the handlers. A 404 or 405 needs no key. */
export interface Guards {
  /** Asks for a key of the gateway. */
  readonly member: RequestHandler;
  /** Asks for a key that is allowed to look after the gateway. */
  readonly admin: RequestHandler;
  /** The same, and refuses pages of other sites. */
  readonly change: RequestHandler;
}

/** Registers the routes in their order, and for each path a 405 that names the methods it knows. */
export function mountRoutes(app: Express, routes: readonly Route[], guards: Guards): void {
  // Express compiles a pattern for each `route`, so there is one for each path.
  const byPath = Map.groupBy(routes, ({ path }) => path);
  for (const [path, ways] of byPath) {
    const route = app.route(path);
    for (const { method, access = 'member', handle: answer } of ways) {
      const handle = access === 'open' ? [answer] : [guards[access], answer];
      if (method === 'GET') route.get(...handle);
      else if (method === 'PUT') route.put(...handle);
      else route.post(...handle);
    }
    const methods = ways.flatMap(({ method }) => (method === 'GET' ? ['GET', 'HEAD'] : [method]));
    route.all(methodNotAllowed(methods.sort().join(', ')));
  }
}

function methodNotAllowed(allow: string): RequestHandler {
  return (req, res) => refuseMethod(req, res, allow);
}

/** For handlers that are mounted at a prefix and so see every method. @throws GatewayError `method_not_allowed`. */
export function requireMethod(req: Request, res: Response, ...allowed: readonly string[]): void {
  if (!allowed.includes(req.method)) refuseMethod(req, res, allowed.join(', '));
}

function refuseMethod(req: Request, res: Response, allow: string): never {
  res.setHeader('allow', allow);
  throw new GatewayError('method_not_allowed', `${req.method} is not possible here, only ${allow}.`);
}

export const notFound: RequestHandler = () => {
  throw new GatewayError('not_found', 'There is nothing at this path.');
};
