import { describe, expect, it } from 'vitest';
import { createMetrics, type Metrics, type MetricsOptions } from '../../../src/metrics/metrics.ts';
import type { ObservedHost } from '../../../src/metrics/observation.ts';
import { HOST, request } from './sample.ts';

function metrics(options: Partial<MetricsOptions> = {}): Metrics {
  return createMetrics({ version: '1.2.3', ...options });
}

async function lines(metrics: Metrics): Promise<string[]> {
  return (await metrics.render()).split('\n');
}

/** The lines of one metric, without those of buckets. */
async function values(metrics: Metrics, name: string): Promise<string[]> {
  return (await lines(metrics)).filter((line) => line.startsWith(name) && !line.includes('_bucket{'));
}

describe('requests', () => {
  it('D2: are counted by model, operation and status', async () => {
    const tested = metrics();
    tested.observeRequest(request());
    tested.observeRequest(request());
    tested.observeRequest(request({ status: 503, path: '/v1/embeddings' }));
    tested.observeRequest(request({ status: 404, model: null, path: '/invented/by/a/client' }));
    expect(await values(tested, 'llamaswap_requests_total')).toEqual([
      'llamaswap_requests_total{model="alpha",operation="chat",status="200"} 2',
      'llamaswap_requests_total{model="alpha",operation="embeddings",status="503"} 1',
      'llamaswap_requests_total{model="",operation="other",status="404"} 1',
    ]);
  });

  it('D2: show tokens, speed and overhead; what is unknown counts for nothing', async () => {
    const tested = metrics();
    tested.observeRequest(request());
    tested.observeRequest(
      request({
        overheadMs: null,
        tokens: { input: 0, output: 0, cached: -1, drafted: 9, draftAccepted: 4, tokensPerSecond: -1 },
      }),
    );
    expect(await values(tested, 'llamaswap_tokens_total')).toEqual([
      'llamaswap_tokens_total{model="alpha",type="input"} 40',
      'llamaswap_tokens_total{model="alpha",type="output"} 11',
      'llamaswap_tokens_total{model="alpha",type="cached"} 30',
      'llamaswap_tokens_total{model="alpha",type="drafted"} 9',
      'llamaswap_tokens_total{model="alpha",type="draft_accepted"} 4',
    ]);
    expect(await values(tested, 'llamaswap_generation_tokens_per_second_count')).toEqual([
      'llamaswap_generation_tokens_per_second_count{model="alpha"} 1',
    ]);
    expect(await values(tested, 'llamaswap_gateway_overhead_seconds')).toEqual([
      'llamaswap_gateway_overhead_seconds_sum{model="alpha"} 0.0004',
      'llamaswap_gateway_overhead_seconds_count{model="alpha"} 1',
    ]);
  });

  it('are there under the names of OpenTelemetry too', async () => {
    const tested = metrics();
    tested.observeRequest(request());
    const labels = 'gen_ai_provider_name="llama-swap",gen_ai_operation_name="chat",gen_ai_request_model="alpha"';
    expect(await values(tested, 'gen_ai_')).toEqual([
      `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="input"} 40`,
      `gen_ai_client_token_usage_count{${labels},gen_ai_token_type="input"} 1`,
      `gen_ai_client_token_usage_sum{${labels},gen_ai_token_type="output"} 11`,
      `gen_ai_client_token_usage_count{${labels},gen_ai_token_type="output"} 1`,
      `gen_ai_server_request_duration_seconds_sum{${labels}} 1.1`,
      `gen_ai_server_request_duration_seconds_count{${labels}} 1`,
      `gen_ai_server_time_to_first_token_seconds_sum{${labels}} 0.1`,
      `gen_ai_server_time_to_first_token_seconds_count{${labels}} 1`,
      `gen_ai_server_time_per_output_token_seconds_sum{${labels}} 0.1`,
      `gen_ai_server_time_per_output_token_seconds_count{${labels}} 1`,
    ]);
  });

  it('tell a failed one by its type, and have no first token where there is none', async () => {
    const tested = metrics();
    tested.observeRequest(request({ status: 502, firstTokenMs: null }));
    const text = await tested.render();
    expect(text).toContain('error_type="502"');
    expect(text).not.toContain('time_to_first_token_seconds_count{');
  });
});

describe('models', () => {
  it('D2: are each in one state, from the start, and gone with the configuration', async () => {
    const tested = metrics();
    tested.setModels(['alpha', 'beta']);
    tested.observeTransition({ at: 1, actor: 'model:beta', event: 'x', from: 'stopped', to: 'starting' });
    const states = async (): Promise<string[]> =>
      (await values(tested, 'llamaswap_model_state')).filter((line) => line.endsWith(' 1'));
    expect(await states()).toEqual([
      'llamaswap_model_state{model="alpha",state="stopped"} 1',
      'llamaswap_model_state{model="beta",state="starting"} 1',
    ]);
    tested.setModels(['beta', 'gamma']);
    expect(await states()).toEqual([
      'llamaswap_model_state{model="beta",state="starting"} 1',
      'llamaswap_model_state{model="gamma",state="stopped"} 1',
    ]);
    expect(await values(tested, 'llamaswap_queue_depth')).toEqual([
      'llamaswap_queue_depth{model="beta"} 0',
      'llamaswap_queue_depth{model="gamma"} 0',
    ]);
  });

  it('D2: stay gone, though their processes end later and somebody has waited for them', async () => {
    const tested = metrics();
    tested.setModels(['alpha', 'beta']);
    await tested.render();
    tested.setModels(['beta']);
    tested.observeTransition({ at: 1, actor: 'model:alpha', event: 'x', from: 'ready', to: 'stopping' });
    tested.observeQueue({ model: 'alpha', waiting: 0, waitedMs: 5 });
    expect(await values(tested, 'llamaswap_model_state')).not.toContainEqual(expect.stringContaining('alpha'));
    expect(await values(tested, 'llamaswap_queue_depth')).toEqual(['llamaswap_queue_depth{model="beta"} 0']);
    expect(await values(tested, 'llamaswap_queue_wait_seconds_count')).toEqual([
      'llamaswap_queue_wait_seconds_count{model="alpha"} 1',
    ]);
  });

  it('D2: show their loads, their evictions by cause, swaps and queues', async () => {
    const tested = metrics();
    tested.setModels(['alpha']);
    const steps: [number, string, string, string | null, string][] = [
      [0, 'swap:1', 'xstate.init', null, 'checking'],
      [100, 'model:alpha', 'model.ensureReady', 'stopped', 'starting'],
      [2_100, 'model:alpha', 'process.spawned', 'starting', 'health-checking'],
      [2_600, 'model:alpha', 'xstate.done.actor.probe', 'health-checking', 'ready'],
      [2_600, 'swap:1', 'model.reported', 'loading', 'done'],
      [9_000, 'model:alpha', 'xstate.after.ttl.model.ready.idle', 'ready', 'stopping'],
      [9_100, 'model:alpha', 'process.exited', 'stopping', 'stopped'],
      [9_200, 'model:alpha', 'model.ensureReady', 'stopped', 'starting'],
      [9_300, 'model:alpha', 'process.exited', 'starting', 'stopped'],
    ];
    for (const [at, actor, event, from, to] of steps) tested.observeTransition({ at, actor, event, from, to });
    tested.observeQueue({ model: 'alpha', waiting: 2 });
    tested.observeQueue({ model: 'alpha', waiting: 1, waitedMs: 250 });
    const text = await tested.render();
    for (const line of [
      'llamaswap_model_load_seconds_sum{model="alpha"} 2.5',
      'llamaswap_model_load_seconds_count{model="alpha"} 1',
      'llamaswap_model_load_failures_total{model="alpha",outcome="failed"} 1',
      'llamaswap_evictions_total{model="alpha",cause="ttl"} 1',
      'llamaswap_swaps_total{outcome="done"} 1',
      'llamaswap_swap_seconds_sum 2.6',
      'llamaswap_queue_depth{model="alpha"} 1',
      'llamaswap_queue_wait_seconds_sum{model="alpha"} 0.25',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
  });
});

describe('the machine', () => {
  it('is shown under its documented names', async () => {
    const text = await metrics({ host: () => HOST }).render();
    for (const line of [
      'llamaswap_cpu_util_percent{core="0"} 12.5',
      'llamaswap_cpu_util_percent{core="1"} 100',
      `llamaswap_memory_total_bytes ${64 * 1024 * 1024}`,
      `llamaswap_memory_used_bytes ${16 * 1024 * 1024}`,
      `llamaswap_memory_free_bytes ${32 * 1024 * 1024}`,
      `llamaswap_swap_total_bytes ${8 * 1024 * 1024}`,
      `llamaswap_swap_used_bytes ${1024 * 1024}`,
      'llamaswap_load_average{interval="1m"} 0.5',
      'llamaswap_load_average{interval="5m"} 1.5',
      'llamaswap_load_average{interval="15m"} 2.5',
      '# TYPE llamaswap_network_bytes_total counter',
      'llamaswap_network_bytes_total{interface="eth0",direction="recv"} 123',
      'llamaswap_network_bytes_total{interface="eth0",direction="sent"} 45',
      'llamaswap_gpu_temperature_celsius{id="0",name="Plain"} 61',
      String.raw`llamaswap_gpu_temperature_celsius{id="1",name="Card \"one\" \\ two\nlines",uuid="GPU-1"} 61`,
      'llamaswap_gpu_vram_temperature_celsius{id="0",name="Plain"} 70',
      'llamaswap_gpu_util_percent{id="0",name="Plain"} 90',
      'llamaswap_gpu_memory_util_percent{id="0",name="Plain"} 50',
      `llamaswap_gpu_memory_used_bytes{id="0",name="Plain"} ${12 * 1024 * 1024}`,
      `llamaswap_gpu_memory_total_bytes{id="0",name="Plain"} ${24 * 1024 * 1024}`,
      'llamaswap_gpu_fan_speed_percent{id="0",name="Plain"} 30',
      'llamaswap_gpu_power_draw_watts{id="0",name="Plain"} 250.5',
    ]) {
      expect(text).toContain(`${line}\n`);
    }
    expect(text.indexOf('id="0"')).toBeLessThan(text.indexOf('id="1"'));
  });

  it('is followed, and leaves out what it does not have', async () => {
    let host: ObservedHost | null = null;
    const tested = metrics({ host: () => host });
    expect(await tested.render()).not.toContain('llamaswap_cpu');
    host = { system: { ...HOST.system, net_io: [] }, gpus: [] };
    const text = await tested.render();
    expect(text).toContain('llamaswap_cpu_util_percent{core="0"} 12.5');
    expect(text).not.toMatch(/llamaswap_(gpu|network)/);
    host = { ...host, system: { ...host.system, cpu_util_per_core: [50] } };
    expect(await values(tested, 'llamaswap_cpu')).toEqual(['llamaswap_cpu_util_percent{core="0"} 50']);
  });
});

describe('the exposition', () => {
  it('has one HELP and one TYPE for each name, and no gauge that is named like a counter', async () => {
    const all = await lines(metrics({ host: () => HOST }));
    const types = all.flatMap((line) => /^# TYPE (\S+) (\S+)$/.exec(line)?.slice(1, 3).join(' ') ?? []);
    expect(new Set(types).size).toBe(types.length);
    expect(all.filter((line) => line.startsWith('# HELP '))).toHaveLength(types.length);
    const wrong = types.filter((type) => type.includes('_total ') !== type.endsWith(' counter'));
    expect(wrong).toEqual([]);
  });

  it('shows the process, the delay of its event loop, and the version', async () => {
    const text = await metrics().render();
    expect(text).toContain('llamaswap_build_info{version="1.2.3"} 1');
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m);
    expect(text).toMatch(/^nodejs_eventloop_lag_p99_seconds /m);
  });

  it('loses nothing that was observed before the library was there', async () => {
    const tested = metrics();
    tested.observeRequest(request());
    await tested.start();
    tested.observeRequest(request());
    expect(await values(tested, 'llamaswap_requests_total')).toEqual([
      'llamaswap_requests_total{model="alpha",operation="chat",status="200"} 2',
    ]);
  });

  it('survives a value that is none, and says so once', async () => {
    const reports: string[] = [];
    const tested = metrics({ report: (message) => reports.push(message) });
    await tested.start();
    for (let n = 0; n < 3; n += 1) tested.observeQueue({ model: 'alpha', waiting: 0, waitedMs: Number.NaN });
    tested.observeRequest(request());
    expect(reports).toHaveLength(1);
    expect(await values(tested, 'llamaswap_requests_total')).toHaveLength(1);
  });
});
