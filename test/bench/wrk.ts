import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { LOAD_CPU, onCpu } from './machine.ts';

export interface Work {
  readonly path: string;
  /** Bytes of the JSON body, about. */
  readonly bodyBytes: number;
  readonly connections: number;
  readonly seconds: number;
}

export interface Hammered {
  readonly requests: number;
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The model that all requests are for. */
export const MODEL = 'm';

const LONGEST_S = 16;

/**
 * Sends requests over so many connections for so long, each after the answer to the one before it; for longer if not a
 * single one was answered in that time.
 *
 * @throws Error when a request was not answered with 2xx.
 */
export async function hammer(url: string, work: Work): Promise<Hammered> {
  const folder = mkdtempSync(join(tmpdir(), 'llama-swap-bench-wrk-'));
  try {
    const file = join(folder, 'work.lua');
    writeFileSync(file, script(work.bodyBytes));
    for (let seconds = work.seconds; ; seconds *= 2) {
      const options = ['-t', '1', '-c', String(work.connections), '-d', String(seconds), '--timeout', '60s'];
      const argv = onCpu(LOAD_CPU, ['wrk', ...options, '-s', file, url + work.path]);
      const { stdout } = await promisify(execFile)(argv[0] ?? '', argv.slice(1));
      const hammered = parseWrk(stdout);
      if (hammered.requests > 0) return hammered;
      if (seconds >= LONGEST_S) throw new Error(`no answer from ${url} in ${seconds} s`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Reads the line that the script prints at the end. @throws Error when it is not there or requests failed. */
export function parseWrk(output: string): Hammered {
  const line = /^figures (.*)$/m.exec(output)?.[1];
  const [micros = NaN, requests = 0, p50 = 0, p99 = 0, ...failures] = line?.split(' ').map(Number) ?? [];
  if (Number.isNaN(micros) || failures.some((count) => count !== 0)) throw new Error(`requests failed:\n${output}`);
  return { requests, perSecond: (requests / micros) * 1e6, p50Ms: p50 / 1000, p99Ms: p99 / 1000 };
}

function script(bodyBytes: number): string {
  const head = `{"model":"${MODEL}","messages":[{"role":"user","content":"`;
  const tail = '"}]}';
  return `wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.body = '${head}' .. string.rep("a", ${bodyBytes - head.length - tail.length}) .. '${tail}'
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("figures %d %d %d %d %d %d %d %d %d\\n", summary.duration, summary.requests,
    latency:percentile(50), latency:percentile(99), e.connect, e.read, e.write, e.status, e.timeout))
end
`;
}
