import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Accelerator } from './hardware.ts';

const run = promisify(execFile);

const NVIDIA_FIELDS = 'index,name,memory.total,driver_version,power.limit';
const MB = 1024 * 1024;
const VENDORS: Readonly<Record<string, string>> = { '0x1002': 'AMD', '0x8086': 'Intel', '0x10de': 'NVIDIA' };

/** @param text A line per GPU: index, name, memory in MiB, version of the driver, power limit in watts. */
export function parseNvidiaHardware(text: string): Accelerator[] {
  return text.split('\n').flatMap((line) => {
    const [index = '', model = '', memory = '', version = '', watts = ''] = line.split(',').map((part) => part.trim());
    if (!/^\d+$/.test(index)) return [];
    const capacity = Number(memory);
    return [
      {
        index: Number(index),
        kind: 'gpu',
        vendor: 'NVIDIA',
        model: model || null,
        architecture: null,
        // Where the GPU has no memory of its own, as on Jetson and Grace, the tool does not tell.
        memory:
          capacity > 0
            ? { kind: 'dedicated', capacity_bytes: capacity * MB }
            : { kind: 'unknown', capacity_bytes: null },
        driver: version ? { name: 'nvidia', version } : null,
        power_limit_watts: Number(watts) > 0 ? Number(watts) : null,
      },
    ];
  });
}

/** @param signal Ends a tool that hangs. */
export async function findNvidia(signal: AbortSignal): Promise<Accelerator[]> {
  try {
    const { stdout } = await run('nvidia-smi', [`--query-gpu=${NVIDIA_FIELDS}`, '--format=csv,noheader,nounits'], {
      signal,
      windowsHide: true,
    });
    return parseNvidiaHardware(stdout);
  } catch {
    return [];
  }
}

/**
 * The graphics cards that Linux knows, from its own files.
 *
 * @param folder `/sys/class/drm`, or for tests one like it.
 */
export async function findCards(folder = '/sys/class/drm'): Promise<Accelerator[]> {
  const entries = await readdir(folder).catch(() => []);
  const cards = entries.filter((name) => /^card\d+$/.test(name)).toSorted((a, b) => cardNumber(a) - cardNumber(b));
  const found = await Promise.all(cards.map((card) => readCard(join(folder, card, 'device'))));
  return found.filter((card) => card !== null).map((card, index) => ({ ...card, index }));
}

async function readCard(device: string): Promise<Omit<Accelerator, 'index'> | null> {
  const vendor = VENDORS[(await readLine(join(device, 'vendor'))) ?? ''];
  if (vendor === undefined) return null;
  const capacity = Number(await readLine(join(device, 'mem_info_vram_total')));
  return {
    kind: 'gpu',
    vendor,
    model: await readLine(join(device, 'product_name')),
    architecture: null,
    memory: capacity > 0 ? { kind: 'dedicated', capacity_bytes: capacity } : { kind: 'unknown', capacity_bytes: null },
    driver: null,
    power_limit_watts: null,
  };
}

async function readLine(path: string): Promise<string | null> {
  return (await readFile(path, 'utf8').catch(() => '')).trim() || null;
}

function cardNumber(name: string): number {
  return Number(name.slice('card'.length));
}
