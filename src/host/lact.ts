import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { GpuSource } from './gpu-source.ts';
import { fields, numberOf } from './json-fields.ts';
import { type GpuReading, percentOf } from './samples.ts';

const ANSWER_MS = 5_000;
const MB = 1024 * 1024;
const FULL_FAN = 255;

/** Where the daemon may listen, the likeliest first. */
export function lactSockets(env: NodeJS.ProcessEnv = process.env, userId = process.getuid?.() ?? 0): string[] {
  const named = env['LACT_DAEMON_SOCKET_PATH'];
  return [...(named ? [named] : []), '/run/lactd.sock', `/run/user/${userId}/lactd.sock`];
}

/** @param data What the daemon answers to `list_devices`. */
export function parseLactDevices(data: unknown): { id: string; name: string }[] {
  if (!Array.isArray(data)) return [];
  return data
    .map((device) => fields(device))
    .filter(({ id }) => typeof id === 'string')
    .map(({ id, name }) => ({ id: String(id), name: typeof name === 'string' ? name : String(id) }));
}

/** @param data What the daemon answers to `device_stats`. */
export function parseLactStats(index: number, device: { id: string; name: string }, data: unknown): GpuReading {
  const stats = fields(data);
  const temps = fields(stats['temps']);
  const temperature = (...names: string[]): number =>
    names.map((name) => numberOf(fields(temps[name])['current'])).find((degrees) => degrees > 0) ?? 0;
  const vram = fields(stats['vram']);
  const used = numberOf(vram['used']) / MB;
  const total = numberOf(vram['total']) / MB;
  const power = fields(stats['power']);
  return {
    id: index,
    name: device.name,
    uuid: device.id,
    temp_c: temperature('edge', 'junction', 'GPU', 'gpu'),
    vram_temp_c: temperature('mem', 'VRAM', 'vram'),
    gpu_util_pct: numberOf(stats['busy_percent']),
    mem_util_pct: percentOf(used, total),
    mem_used_mb: Math.round(used),
    mem_total_mb: Math.round(total),
    fan_speed_pct: Math.round((numberOf(fields(stats['fan'])['pwm_current']) / FULL_FAN) * 100),
    power_draw_w: numberOf(power['average']) || numberOf(power['current']),
  };
}

/** The daemon of a tool for GPUs of all makers; it speaks JSON, a line per question and answer. */
export function lact(sockets: readonly string[] = lactSockets()): GpuSource {
  return {
    name: 'LACT',
    async watch(everyMs, tick, signal) {
      let reason = 'no socket';
      for (const path of sockets) {
        const socket = connect(path);
        const hangUp = (): void => void socket.destroy();
        socket.on('error', hangUp);
        signal.addEventListener('abort', hangUp, { once: true });
        try {
          await once(socket, 'connect', { signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]) });
          return await converse(socket, everyMs, tick, signal);
        } catch (error) {
          reason = error instanceof Error ? error.message : String(error);
        } finally {
          signal.removeEventListener('abort', hangUp);
          hangUp();
        }
      }
      return reason;
    },
  };
}

async function converse(
  socket: Socket,
  everyMs: number,
  tick: (readings: readonly GpuReading[]) => void,
  signal: AbortSignal,
): Promise<string> {
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]();

  async function ask(question: object): Promise<unknown> {
    socket.write(`${JSON.stringify(question)}\n`);
    const late = setTimeout(() => socket.destroy(), ANSWER_MS).unref();
    const { value, done } = await lines.next();
    clearTimeout(late);
    if (done === true) throw new Error('the daemon hung up');
    const answer = fields(JSON.parse(value));
    if (answer['status'] !== 'ok') throw new Error('the daemon refused');
    return answer['data'];
  }

  const devices = parseLactDevices(await ask({ command: 'list_devices' }));
  if (devices.length === 0) return 'it shows no GPU';
  for (;;) {
    const readings: GpuReading[] = [];
    for (const [index, device] of devices.entries()) {
      readings.push(parseLactStats(index, device, await ask({ command: 'device_stats', args: { id: device.id } })));
    }
    tick(readings);
    await delay(everyMs, undefined, { signal, ref: false });
  }
}
