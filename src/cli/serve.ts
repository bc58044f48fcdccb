import { setTimeout as delay } from 'node:timers/promises';
import type { Gateway } from '../gateway.ts';
import { announcement } from './announcement.ts';
import type { ServeCommand } from './arguments.ts';
import { firstCrash } from './crash.ts';
import { EXIT } from './exit-code.ts';
import type { ExitCode } from './exit-code.ts';
import { catchEndSignals } from './signals.ts';
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
 */
export async function serve(command: ServeCommand): Promise<ExitCode> {
  const signals = catchEndSignals();
  const crash = firstCrash();
  let gateway: Gateway | undefined;
  let code: ExitCode = EXIT.ok;

  async function live(): Promise<ExitCode> {
    try {
      gateway = await start(command);
    } catch (error) {
      const failure = explainStartFailure(error, command.listen);
      say(failure.message);
      return failure.code;
    }
    const { url, config } = gateway;
    process.stdout.write(announcement({ url, listen: command.listen, config, demo: command.configFile === null }));
    const signal = await signals.first;
    say(`${signal}: finishing what is in flight, then stopping the models. Once more to force it.`);
    await gateway.close();
    return code;
  }

  async function giveUp(): Promise<ExitCode> {
    const why = await Promise.race([signals.second.then((signal) => `${signal} again: stopping by force.`), crash]);
    code = EXIT.failure;
    say(why);
    await Promise.race([gateway?.forceClose(), delay(FORCE_LIMIT_MS)]);
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
    print: (line: string) => void process.stdout.write(line),
  };
  if (command.configFile !== null) return createGateway({ ...options, configFile: command.configFile });
  const { demoConfig } = await import('../demo/demo-config.ts');
  return createGateway({ ...options, config: demoConfig() });
}

function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
