import { followLines } from './follow-lines.ts';
import type { GpuSource } from './gpu-source.ts';
import type { Accelerator } from './hardware.ts';
import { acceleratorOfAdapter, parseAdapters, parseWindowsTick } from './parse-windows-gpus.ts';
import { runTool } from './run-tool.ts';

const POWERSHELL = ['powershell.exe', '-NoLogo', '-NoProfile', '-NonInteractive', '-Command'];
/** Windows looks at each engine for each process to answer. */
const SHORTEST_PACE_MS = 10_000;
/** A first PowerShell after the start of the system takes seconds. */
const ADAPTERS_MS = 10_000;
const END_OF_TICK = 'end';

// No double quote is in these scripts, so none has to survive the command line. Lines go out by the console, for
// PowerShell itself would break the long ones. The classes have one name in every language of Windows; the counters of
// `Get-Counter` and `typeperf` have not.
const ADAPTERS = `Get-ItemProperty -Path 'HKLM:\\SOFTWARE\\Microsoft\\DirectX\\*' | ForEach-Object { ${print(
  "'adapter', $_.AdapterLuid, $_.VendorId, $_.DedicatedVideoMemory, $_.SharedSystemMemory, $_.LastSeen, $_.Description",
)} }`;
const COUNTERS = 'Get-CimInstance -ClassName Win32_PerfFormattedData_GPUPerformanceCounters_';
const ENGINES = `${COUNTERS}GPUEngine -Filter 'UtilizationPercentage > 0' | ForEach-Object { ${print(
  "'engine', $_.Name, $_.UtilizationPercentage",
)} }`;
const MEMORY = `${COUNTERS}GPUAdapterMemory | ForEach-Object { ${print(
  "'memory', $_.Name, $_.DedicatedUsage, $_.SharedUsage",
)} }`;
const STOP_AT_ERRORS = "$ErrorActionPreference = 'Stop'";

/**
 * What Windows itself counts, for GPUs of all makers: one PowerShell that prints a tick and sleeps. Without temperature,
 * fan and power, which Windows does not know.
 *
 * @param command For tests: what is run, the script follows.
 */
export function windowsCounters(command: readonly string[] = POWERSHELL): GpuSource {
  return {
    name: 'the counters of Windows',
    watch(everyMs, tick, signal) {
      const paceMs = Math.max(everyMs, SHORTEST_PACE_MS);
      const oneTick = [ADAPTERS, ENGINES, MEMORY, print(`'${END_OF_TICK}'`), `Start-Sleep -Milliseconds ${paceMs}`];
      const script = `${STOP_AT_ERRORS}; while ($true) { ${oneTick.join('; ')} }`;
      let lines: string[] = [];
      return followLines(
        [...command, script],
        paceMs,
        (line) => {
          if (line !== END_OF_TICK) {
            lines.push(line);
            return false;
          }
          const adapters = parseAdapters(lines);
          const readings = parseWindowsTick(adapters, lines);
          lines = [];
          if (readings.length > 0) tick(readings);
          // DirectX may take a minute after the start of the system to note by what names its adapters go now.
          return adapters.length > 0;
        },
        signal,
      );
    },
  };
}

/** @param signal Ends what hangs. @returns Nothing when it fails. */
export async function findAdapters(signal: AbortSignal): Promise<Accelerator[]> {
  const [program = '', ...args] = POWERSHELL;
  const script = `${STOP_AT_ERRORS}; ${ADAPTERS}`;
  const text = await runTool(program, [...args, script], signal, ADAPTERS_MS).catch(() => '');
  return parseAdapters(text.split(/\r?\n/)).map(acceleratorOfAdapter);
}

/** @param values Of PowerShell. @returns What prints them in a line, with commas between. */
function print(values: string): string {
  return `[Console]::Out.WriteLine((${values}) -join ',')`;
}
