import type { IncomingMessage, OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import express from 'express';
import type { Express } from 'express';
import { http } from '../node-http.ts';

type Headers = OutgoingHttpHeaders | OutgoingHttpHeader[];

/** What node makes for each request of one server. */
export interface Messages {
  readonly IncomingMessage: typeof IncomingMessage;
  readonly ServerResponse: typeof ServerResponse;
  /** To be called with the app that answers from now on. */
  serve(app: Express): void;
}

/** A header that every answer to this request is to carry, whoever gives it. To be called before anything is answered. */
export function stamp(res: ServerResponse, name: string, value: string): void {
  if ('stamps' in res) (res.stamps as string[]).push(name, value);
  else res.setHeader(name, value);
}

/**
 * Requests and responses that are Express's own kind from the beginning. Express makes them so by changing the prototypes
 * of each, after which V8 treats every access to them as one it has never seen: a quarter of what a small request costs.
 *
 * Headers stamped on a response are written with whatever headers its answer has, unless it has them itself; what an answer
 * varies by adds up. Set one by one they would cost more: node copies a list of headers (names in lower case here) as it is
 * only where none was set before.
 */
export function createMessages(): Messages {
  class GatewayRequest extends http.IncomingMessage {}

  class GatewayResponse extends http.ServerResponse {
    readonly stamps: string[] = [];
    readonly locals: Record<string, unknown> = Object.create(null) as Record<string, unknown>;

    override writeHead(status: number, reason?: string | Headers, last?: Headers): this {
      const headers = typeof reason === 'object' ? reason : last;
      const { stamps } = this;
      const list = Array.isArray(headers) && this.getHeaderNames().length === 0 ? headers : null;
      for (let at = 0; at < stamps.length; at += 2) {
        const name = stamps[at] ?? '';
        const value = stamps[at + 1] ?? '';
        if (list !== null) addTo(list, name, value);
        else if (!this.hasHeader(name)) this.setHeader(name, value);
        else if (name === 'vary') this.setHeader(name, alsoBy(this.getHeader(name), value));
      }
      return typeof reason === 'string' ? super.writeHead(status, reason, last) : super.writeHead(status, headers);
    }
  }

  Object.setPrototypeOf(GatewayRequest.prototype, express.request);
  Object.setPrototypeOf(GatewayResponse.prototype, express.response);
  return {
    IncomingMessage: GatewayRequest,
    ServerResponse: GatewayResponse as unknown as typeof ServerResponse,
    serve(app) {
      app.request = Object.assign(GatewayRequest.prototype, { app }) as unknown as Express['request'];
      app.response = Object.assign(GatewayResponse.prototype, { app }) as unknown as Express['response'];
    },
  };
}

/** @param list names and values in turn */
function addTo(list: OutgoingHttpHeader[], name: string, value: string): void {
  let at = 0;
  while (at < list.length && list[at] !== name) at += 2;
  if (at >= list.length) list.push(name, value);
  else if (name === 'vary') list[at + 1] = alsoBy(list[at + 1], value);
}

function alsoBy(vary: OutgoingHttpHeader | undefined, name: string): string {
  const names = String(vary);
  const isThere = names.split(',').some((one) => one.trim().toLowerCase() === name.toLowerCase());
  return isThere ? names : `${names}, ${name}`;
}
