import { describe, expect, it } from 'vitest';
import { parseNvidiaHardware } from '../../../src/host/find-accelerators.ts';
import { lactSockets, parseLactDevices, parseLactStats } from '../../../src/host/lact.ts';
import { parseNvidiaLine } from '../../../src/host/nvidia-smi.ts';
import {
  architectureName,
  findEnvironment,
  parseCpuInfo,
  parseOsRelease,
  type Traces,
} from '../../../src/host/parse-machine.ts';
import { parseCoreTimes, parseMemory, parseNetwork, utilisation } from '../../../src/host/parse-proc.ts';
import { parseRocmCsv } from '../../../src/host/rocm-smi.ts';

describe('/proc', () => {
  it('tells how busy each core was between two looks', () => {
    const before = parseCoreTimes('cpu  9 9 9 9\ncpu0 100 0 50 800 50 0 0 0 0 0\ncpu1 10 0 0 90 0 0 0 0 0 0\nintr 5\n');
    const now = parseCoreTimes(
      'cpu  9 9 9 9\ncpu0 150 0 75 875 100 0 0 0 0 0\ncpu1 10 0 0 90 0 0 0 0 0 0\ncpu2 1 1 1 1\n',
    );
    expect(before).toEqual([
      { busy: 150, total: 1_000 },
      { busy: 10, total: 100 },
    ]);
    expect(utilisation(before, now)).toEqual([37.5, 0, 0]);
    expect(utilisation([], before)).toEqual([0, 0]);
  });

  it('tells the memory in MiB, caches not in use', () => {
    const text =
      'MemTotal: 65536 kB\nMemFree:  10240 kB\nMemAvailable:   32768 kB\nActive(anon): 1 kB\nSwapTotal: 8192 kB\nSwapFree: 2048 kB\n';
    expect(parseMemory(text)).toEqual({
      mem_total_mb: 64,
      mem_used_mb: 32,
      mem_free_mb: 10,
      swap_total_mb: 8,
      swap_used_mb: 6,
    });
    const old = 'MemTotal: 65536 kB\nMemFree: 10240 kB\nBuffers: 1024 kB\nCached: 2048 kB\n';
    expect(parseMemory(old)).toMatchObject({ mem_used_mb: 64 - 13, swap_total_mb: 0 });
  });

  it('tells the bytes of each interface but the loopback', () => {
    const text = [
      'Inter-|   Receive                                                |  Transmit',
      ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs',
      '    lo: 5 1 0 0 0 0 0 0 5 1 0 0 0 0 0 0',
      '  eth0:1641971606 10 0 0 0 0 0 0 5127335 20 0 0 0 0 0 0',
      'br-1a:  7 10 0 0 0 0 0 0 8 20 0 0 0 0 0 0',
    ].join('\n');
    expect(parseNetwork(text)).toEqual([
      { name: 'eth0', bytes_recv: 1_641_971_606, bytes_sent: 5_127_335 },
      { name: 'br-1a', bytes_recv: 7, bytes_sent: 8 },
    ]);
  });
});

describe('nvidia-smi', () => {
  it('gives a reading per line', () => {
    expect(parseNvidiaLine('1, NVIDIA RTX A6000, GPU-12, 61, 97, 24576, 49152, 30, 287.50')).toEqual({
      id: 1,
      name: 'NVIDIA RTX A6000',
      uuid: 'GPU-12',
      temp_c: 61,
      vram_temp_c: 0,
      gpu_util_pct: 97,
      mem_util_pct: 50,
      mem_used_mb: 24_576,
      mem_total_mb: 49_152,
      fan_speed_pct: 30,
      power_draw_w: 287.5,
    });
  });

  it('gives 0 for what it does not know', () => {
    const line = '0, NVIDIA GB10, GPU-1, 40, [N/A], [N/A], [Not Supported], [Unknown Error], ';
    expect(parseNvidiaLine(line)).toMatchObject({
      gpu_util_pct: 0,
      mem_util_pct: 0,
      mem_total_mb: 0,
      fan_speed_pct: 0,
      power_draw_w: 0,
    });
  });

  it.each([
    '',
    'No devices were found',
    'Unable to determine the device handle for GPU0000:01:00.0: Unknown Error',
    'x, y, z, 1, 2, 3, 4, 5, 6',
    '0, a, b',
  ])('passes over %j', (line) => {
    expect(parseNvidiaLine(line)).toBeNull();
  });

  it('describes the hardware', () => {
    const text = '0, NVIDIA H100, 81559, 550.54.15, 700.00\n1, NVIDIA GB10, [N/A], 580.1, [N/A]\nnonsense\n';
    expect(parseNvidiaHardware(text)).toMatchObject([
      {
        index: 0,
        vendor: 'NVIDIA',
        model: 'NVIDIA H100',
        memory: { kind: 'dedicated', capacity_bytes: 81_559 * 1024 * 1024 },
        driver: { name: 'nvidia', version: '550.54.15' },
        power_limit_watts: 700,
      },
      { index: 1, memory: { kind: 'unknown', capacity_bytes: null }, power_limit_watts: null },
    ]);
  });
});

describe('rocm-smi', () => {
  const GB = 1024 ** 3;

  it('reads the columns of version 5', () => {
    const text = [
      'WARNING: AMD GPU device(s) is/are in a low-power state.',
      '',
      'device,Unique ID,Temperature (Sensor edge) (C),Temperature (Sensor junction) (C),Temperature (Sensor memory) (C),Fan speed (level),Fan speed (%),Average Graphics Package Power (W),GPU use (%),VRAM Total Memory (B),VRAM Total Used Memory (B),Card series,Card model',
      `card0,0x1d2c,42.0,45.0,50.0,76,29,31.0,7,${16 * GB},${4 * GB},Navi 21,0x73bf`,
      `card1,N/A,30.0,31.0,32.0,0,0,5.0,0,${8 * GB},0,Navi 23,0x73ff`,
      'oops',
    ].join('\n');
    expect(parseRocmCsv(text)).toEqual([
      {
        id: 0,
        name: 'Navi 21',
        uuid: '0x1d2c',
        temp_c: 42,
        vram_temp_c: 50,
        gpu_util_pct: 7,
        mem_util_pct: 25,
        mem_used_mb: 4_096,
        mem_total_mb: 16_384,
        fan_speed_pct: 29,
        power_draw_w: 31,
      },
      expect.objectContaining({ id: 1, name: 'Navi 23', uuid: '', mem_util_pct: 0 }),
    ]);
  });

  it('reads the columns of version 7', () => {
    const text = [
      'device,Device Name,Device ID,Unique ID,Temperature (Sensor junction) (C),Temperature (Sensor memory) (C),Fan speed (%),Current Socket Graphics Package Power (W),GPU use (%),VRAM Total Memory (B),VRAM Total Used Memory (B),Card Series,Card Model',
      `card0,AMD Instinct MI300X,0x74a1,0xabc,35.0,31.0,N/A,133.0,12,${192 * GB},${48 * GB},AMD Instinct MI300X,0x74a1`,
    ].join('\r\n');
    expect(parseRocmCsv(text)).toMatchObject([
      { name: 'AMD Instinct MI300X', temp_c: 35, fan_speed_pct: 0, power_draw_w: 133, mem_util_pct: 25 },
    ]);
  });

  it.each(['', 'No AMD GPUs specified', 'card0,1,2,3'])('shows nothing for %j', (text) => {
    expect(parseRocmCsv(text)).toEqual([]);
  });
});

describe('LACT', () => {
  it('may listen where the environment says', () => {
    expect(lactSockets({}, 1000)).toEqual(['/run/lactd.sock', '/run/user/1000/lactd.sock']);
    expect(lactSockets({ LACT_DAEMON_SOCKET_PATH: '/x.sock' }, 0)[0]).toBe('/x.sock');
  });

  it('lists devices, and tells their state', () => {
    expect(parseLactDevices([{ id: 'a', name: 'Card' }, { id: 'b' }, { name: 'no id' }, 7])).toEqual([
      { id: 'a', name: 'Card' },
      { id: 'b', name: 'b' },
    ]);
    expect(parseLactDevices('none')).toEqual([]);
    const stats = {
      fan: { pwm_current: 51 },
      vram: { total: 8 * 1024 ** 3, used: 2 * 1024 ** 3 },
      power: { average: 120.5, current: 1 },
      temps: { junction: { current: 55 }, mem: { current: 60 } },
      busy_percent: 80,
    };
    expect(parseLactStats(3, { id: 'a', name: 'Card' }, stats)).toEqual({
      id: 3,
      name: 'Card',
      uuid: 'a',
      temp_c: 55,
      vram_temp_c: 60,
      gpu_util_pct: 80,
      mem_util_pct: 25,
      mem_used_mb: 2_048,
      mem_total_mb: 8_192,
      fan_speed_pct: 20,
      power_draw_w: 120.5,
    });
    expect(parseLactStats(0, { id: 'a', name: 'Card' }, null)).toMatchObject({ temp_c: 0, mem_total_mb: 0 });
  });
});

describe('what kind of machine it is', () => {
  it('names the system', () => {
    expect(parseOsRelease('PRETTY_NAME="Debian GNU/Linux 12"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n')).toEqual({
      name: 'Debian GNU/Linux',
      version: '12',
    });
    expect(parseOsRelease("NAME='Arch Linux'\nID=arch\n")).toEqual({ name: 'Arch Linux', version: null });
    expect(parseOsRelease(null)).toEqual({ name: null, version: null });
  });

  it('counts sockets, cores and threads', () => {
    const thread = (processor: number, socket: number, core: number): string =>
      `processor\t: ${processor}\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC\nphysical id\t: ${socket}\ncore id\t\t: ${core}\n`;
    const text = [thread(0, 0, 0), thread(1, 0, 0), thread(2, 0, 1), thread(3, 1, 0)].join('\n');
    expect(parseCpuInfo(text)).toEqual({
      vendor: 'AuthenticAMD',
      model: 'AMD EPYC',
      socket_count: 2,
      physical_core_count: 3,
      logical_thread_count: 4,
    });
    const arm =
      'processor\t: 0\nCPU implementer\t: 0x41\n\nprocessor\t: 1\nCPU implementer\t: 0x41\n\nHardware\t: BCM2835\n';
    expect(parseCpuInfo(arm)).toEqual({
      vendor: '0x41',
      model: null,
      socket_count: null,
      physical_core_count: null,
      logical_thread_count: 2,
    });
  });

  const nothing: Traces = {
    kernel: 'Linux version 6.1.0',
    dockerMark: null,
    podmanMark: null,
    cgroup: '0::/init.scope',
    container: null,
    cpuInfo: 'flags\t\t: fpu vme',
    product: null,
  };

  it.each<[string, string | null, Partial<Traces>]>([
    ['native', null, {}],
    ['container', 'docker', { dockerMark: '' }],
    ['container', 'podman', { dockerMark: '', podmanMark: '' }],
    ['container', 'systemd-nspawn', { container: 'systemd-nspawn' }],
    ['container', 'kubepods', { cgroup: '0::/kubepods/besteffort/pod1' }],
    ['wsl', 'WSL', { kernel: 'Linux version 5.15.90.1-microsoft-standard-WSL2', cpuInfo: 'flags\t: fpu hypervisor' }],
    ['virtual_machine', 'KVM', { cpuInfo: 'flags\t\t: fpu hypervisor lahf_lm', product: 'KVM\n' }],
    ['unknown', null, { cpuInfo: null }],
  ])('runs in: %s %s', (kind, name, traces) => {
    expect(findEnvironment({ ...nothing, ...traces })).toEqual({ kind, name, version: null });
  });

  it('calls an architecture what people call it', () => {
    expect(['x64', 'amd64', 'aarch64', 'riscv64', 'constructor'].map(architectureName)).toEqual([
      'x86_64',
      'x86_64',
      'arm64',
      'riscv64',
      'constructor',
    ]);
  });
});
