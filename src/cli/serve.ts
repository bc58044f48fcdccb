import { setTimeout as delay } from 'node:timers/promises';
import { formatProblems } from '../config/problems.ts';
import type { Gateway } from '../gateway.ts';
import type { InspectorRelay } from '../observability/inspector-relay.ts';
import { announcement } from './announcement.ts';
import type { ServeCommand } from './arguments.ts';
import { followChanges, watchConfig } from './config-watch.ts';
import { describeBug, firstCrash } from './crash.ts';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';
import { lossyOutput } from './lossy-output.ts';
import { beginYoung, collectSeldom, compileInTwoSteps, giveBackAfterCrowds, keepEntryOfNextTick } from './memory.ts';
import { reloadAloud } from './reload-aloud.ts';
import { catchSignals } from './signals.ts';
import { sourcesOf } from './sources.ts';
import { waitForNoTerminal } from './standard-streams.ts';
import { explainStartFailure } from './start-failure.ts';

/** SIGKILL needs no longer; if it seems to, nothing that is still running would help. */
const FORCE_LIMIT_MS = 3_000;

/**
 * Runs the gateway until it is told to end.
 *
 * INVARIANTS
 * - Signals are taken from before the first model can be started until the last one is gone.
 * - However it ends, no model is left running: politely after the first signal, by force after the second one and
 *   after a bug that nobody caught.
 * - Whatever ends by force ends with 1, even if the polite end is done a moment earlier.
 * - Nobody waits for whoever reads what it prints.
 * - No change of the configuration is missed: the watch begins before it is read, and a SIGHUP that comes too early is
 *   kept. Once the end has begun, nothing is read any more.
 */
export async function serve(command: ServeCommand): Promise<ExitCode> {
  waitForNoTerminal(process.stdout);
  waitForNoTerminal(process.stderr);
  const signals = catchSignals();
  const crash = firstCrash();
  let gateway: Gateway | undefined;
  let code: ExitCode = EXIT.ok;

  async function live(): Promise<ExitCode> {
    const watch = command.watchConfig ? await watchConfig(sourcesOf(command)) : null;
    try {
      gateway = await start(command);
    } catch (error) {
      const failure = explainStartFailure(error, command.listen);
      say(failure.message);
      return failure.code;
    }
    compileInTwoSteps();
    beginYoung();
    collectSeldom();
    keepEntryOfNextTick();
    const running = gateway;
    giveBackAfterCrowds(() => running.config.activity.captureBytes);
    const { url, config, warnings } = gateway;
    if (warnings.length > 0) say(formatProblems(warnings));
    process.stdout.write(announcement({ url, listen: command.listen, config, demo: isDemo(command) }));
    const ending = new AbortController();
    if (!isDemo(command)) {
      const reload = reloadAloud(gateway, say);
      signals.onReload(() => void (ending.signal.aborted || reload('SIGHUP')));
      if (watch !== null) void followChanges(watch, () => reload('--watch-config'), ending.signal);
    }
    const signal = await signals.first;
    ending.abort();
    say(`${signal}: finishing what is in flight, then stopping the models. Once more to force it.`);
    try {
      await gateway.close();
    } catch (error) {
      return force(describeBug(error));
    }
    return code;
  }

  async function giveUp(): Promise<ExitCode> {
    return force(await Promise.race([signals.second.then((signal) => `${signal} again: stopping by force.`), crash]));
  }

  async function force(why: string): Promise<ExitCode> {
    code = EXIT.failure;
    say(why);
    await Promise.race([gateway?.forceClose().catch(() => {}), delay(FORCE_LIMIT_MS)]);
    return code;
  }

  return Promise.race([live(), giveUp()]);
}

async function start(command: ServeCommand): Promise<Gateway> {
  // Loaded while signals are being taken already: this is most of the time that a start takes.
  const { createGateway } = await import('../gateway.ts');
  const options = {
    listen: command.listen,
    ...(command.dataDir === null ? {} : { dataDir: command.dataDir }),
    ...(command.inspect ? { inspect: await startInspector() } : {}),
    ...(command.tls === null ? {} : { tls: command.tls }),
    print: lossyOutput(process.stdout),
  };
  const { file, directory } = sourcesOf(command);
  if (!isDemo(command)) {
    return createGateway({
      ...options,
      ...(file === undefined ? {} : { configFile: file }),
      ...(directory === undefined ? {} : { configDir: directory }),
    });
  }
  const { demoConfig } = await import('../demo/demo-config.ts');
  return createGateway({ ...options, config: demoConfig() });
}

function isDemo({ configFile, configDir }: ServeCommand): boolean {
  return configFile === null && configDir === null;
}

async function startInspector(): Promise<InspectorRelay['inspect']> {
  const { startInspectorRelay } = await import('../observability/inspector-relay.ts');
  const { url, inspect } = await startInspectorRelay({ report: say });
  process.stdout.write(`Stately's inspector, for a browser on this machine with access to the web: ${url}\n`);
  return inspect;
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
