import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { createProxyMiddleware } from 'http-proxy-middleware';
import type { Plugin } from 'http-proxy-middleware';
import type { Upstream } from '../../dispatch/lease.ts';
import { discardRest, lateBody } from '../body/late-body.ts';
import { breakOff } from '../break-off.ts';
import { limitSilence } from '../body/limit-silence.ts';
import { prepareAnswer } from './answer-headers.ts';
import { bufferShim } from './buffer-shim.ts';
import { type FlightWatch, type Forward, letGo, type Outcome, type Payload } from './flight.ts';
import { limitHeaders } from './header-deadline.ts';
import { pointAt } from './proxy-target.ts';
import { readBeforeBroken } from './read-before-broken.ts';
import { upstreamError } from './upstream-error.ts';

/** A request on its way. */
interface Flight {
  readonly upstream: Upstream;
  readonly payload: Payload | null;
  readonly watch: FlightWatch | null;
  /** The upstream's answer, once its headers are there. */
  answer: IncomingMessage | null;
  settle(outcome: Outcome): void;
}

type Flights = WeakMap<IncomingMessage, Flight>;

/**
 * One http-proxy-middleware for all upstreams; `router` points each request at its own.
 *
 * INVARIANTS
 * - Each flight settles exactly once, whatever happens: an answer, an error, a client that leaves, a bug below.
 * - An upstream that dies after its headers breaks the client's connection; its answer never ends as if it were whole.
 * - A body that is streamed may be silent for `bodyIdleMs` as long as nobody has answered; its lease is not held for ever.
 * - Nothing here throws into an event handler of node: that would end the process.
 */
export function createProxy(bodyIdleMs: number): Forward {
  const flights: Flights = new WeakMap();
  const middleware = createProxyMiddleware({
    router: (req, _res, options) => {
      const flight = flights.get(req);
      if (flight === undefined) throw new Error('a request without a flight');
      if (flight.payload !== null) options.buffer = bufferShim(flight.payload.pieces);
      if (flight.watch?.takeOver != null) options.selfHandleResponse = true;
      return pointAt(flight.upstream, options);
    },
    // The default plugins build a URL per answer for a log nobody reads, and answer errors in words of their own.
    ejectPlugins: true,
    plugins: [departures(flights), uploads(flights, bodyIdleMs), answers(flights), failures(flights)],
  });

  return (req, res, upstream, payload, watch) =>
    new Promise((resolve) => {
      const onClose = (): void => flight.settle('over');
      const flight: Flight = {
        upstream,
        payload,
        watch,
        answer: null,
        settle(outcome) {
          if (flights.get(req) !== flight) return;
          flights.delete(req);
          res.off('close', onClose);
          resolve(outcome);
        },
      };
      flights.set(req, flight);
      // 'close' is emitted once: who listens after it waits for ever.
      if (res.closed || res.destroyed) {
        flight.settle('over');
        return;
      }
      res.once('close', onClose);
      void middleware(req, res, (error) => flight.settle(upstreamError(error)));
    });
}

function departures(flights: Flights): Plugin {
  return (server) => {
    server.on('proxyReq', (proxyReq, req) => {
      // Node drops the connection of a 101 that nobody asked for, and tells nobody else.
      proxyReq.once('upgrade', (_answer, socket: Socket) => {
        socket.destroy();
        flights.get(req)?.settle(upstreamError({ code: 'ERR_MALFORMED_ANSWER' }));
      });
      const flight = flights.get(req);
      if (flight === undefined) return;
      limitHeaders(proxyReq, flight.upstream.responseHeaderMs);
      flight.watch?.leaves((error) => void proxyReq.destroy(error));
    });
  };
}

/** A client that has its answer already may take its time with the rest. */
function uploads(flights: Flights, idleMs: number): Plugin {
  return (server) => {
    server.on('proxyReq', (proxyReq, req) => {
      if (flights.get(req)?.payload !== null) return;
      if (proxyReq.socket !== null) readBeforeBroken(proxyReq.socket);
      const stop = limitSilence(req, idleMs, () => {
        proxyReq.destroy(lateBody());
        discardRest(req);
      });
      proxyReq.once('response', stop).once('close', stop);
    });
  };
}

function answers(flights: Flights): Plugin {
  return (server) => {
    // Emitted before httpxy copies the headers over, so that what is changed here is what the client gets.
    server.on('proxyRes', (proxyRes, req, res) => {
      const flight = flights.get(req);
      if (flight === undefined) return;
      flight.answer = proxyRes;
      // httpxy would only destroy it.
      proxyRes.once('error', () => breakOff(res));
      if (flight.payload !== null) letGo(flight.payload);
      const { watch } = flight;
      if (watch !== null) {
        watch.answered({ status: proxyRes.statusCode ?? 0, headers: proxyRes.headers });
        proxyRes.on('data', (chunk: Buffer) => watch.passed(chunk));
      }
      if (flight.watch?.takeOver == null) prepareAnswer(proxyRes, res);
      else flight.watch.takeOver(proxyRes);
    });
  };
}

function failures(flights: Flights): Plugin {
  return (server) => {
    const onFailure = (error: unknown, req?: IncomingMessage): void => {
      const flight = req && flights.get(req);
      if (flight === undefined) return;
      if (flight.answer === null) flight.settle(upstreamError(error));
      // An upstream may answer early and hang up on the rest of the request: its answer is whole all the same.
      else if (!flight.answer.complete) {
        flight.watch?.wasCut();
        flight.settle('cut');
      }
    };
    server.on('error', onFailure);
    server.on('econnreset', onFailure);
  };
}
