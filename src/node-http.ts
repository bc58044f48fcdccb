import type * as Http from 'node:http';
import type * as Https from 'node:https';

/*
 * Node's HTTP as it is, and not as a module: importing one reads each of its exports, one of `node:http` is a WebSocket
 * client, and that is the whole of undici: a tenth of the start, and 13 MB.
 */

export const http: typeof Http = process.getBuiltinModule('node:http');

/** Loads TLS with the first use. */
export const https = (): typeof Https => process.getBuiltinModule('node:https');
