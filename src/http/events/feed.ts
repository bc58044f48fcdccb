import { randomBytes } from 'node:crypto';
import type { Response } from 'express';
import type { Config } from '../../config/types.ts';
import type { Names } from '../../dispatch/names.ts';
import type { ActivePins } from '../../dispatch/pins.ts';
import type { PeerModels } from '../../peers/peer-models.ts';
import type { HttpLogger, Journal, Logs, StatusBoard } from '../needs.ts';
import type { ObservationView } from '../watch/observation-view.ts';
import { frameOf, type FrameType } from './frame.ts';
import { modelStatuses, type ModelStatus } from './model-status.ts';
import { createReader, type Reader } from './reader.ts';

/** What is kept for readers who come back: so many frames, of so many characters together. */
const KEPT_FRAMES = 512;
const KEPT_CHARACTERS = 1024 * 1024;
/** How long after its last reader the feed goes on, so that one who lost its connection misses nothing. */
const LINGER_MS = 30_000;

/** Everything that happens, for `/api/events`. */
export interface EventFeed {
  /**
   * Sends what is there and then what comes, until the response closes.
   *
   * @param lastId Of the last frame that the client has, when it comes back; then only what it missed is sent.
   * @param wantsDeltas Single models in place of the whole list.
   */
  attach(res: Response, lastId: string | undefined, wantsDeltas: boolean): void;
  /** There is a new configuration. */
  reloaded(): void;
}

interface Kept {
  /** The same news for those who want whole lists and for those who want deltas; null = none for them. */
  readonly whole: string | null;
  readonly delta: string | null;
}

export interface EventFeedDeps {
  readonly board: StatusBoard;
  readonly journal: Journal;
  readonly logs: Pick<Logs, 'proxy' | 'upstream'>;
  readonly pins: ActivePins;
  readonly peerModels: Pick<PeerModels, 'recordOf' | 'watch' | 'subscribe'>;
  readonly observation: ObservationView;
  readonly logger: Pick<HttpLogger, 'warn'>;
  /** The present ones. */
  readonly config: () => Config;
  readonly names: () => Names;
}

/**
 * INVARIANTS
 * - While nobody reads, and LINGER_MS after, nothing is subscribed to and nothing computed.
 * - A frame is made once, however many read it, and each reader gets the frames in one order.
 * - Nothing that happens while the first frames are written is missed: the feed runs before they are made.
 * - An id says that everything up to there has come: of frames that belong together only the last one has one.
 */
export function createEventFeed(deps: EventFeedDeps): EventFeed {
  const { config, names, board, journal, logs, pins, peerModels, observation, logger } = deps;
  const readers = new Map<Reader, boolean>();
  /** Of one run of the feed: a frame of an earlier one is no place to go on from. */
  let epoch = '';
  let kept: Kept[] = [];
  let keptCharacters = 0;
  let lastNumber = 0;
  let ends: (() => void)[] = [];
  let lingering: NodeJS.Timeout | null = null;

  function keep(entry: Kept): void {
    kept.push(entry);
    keptCharacters += sizeOf(entry);
    let first = 0;
    while (kept.length - first > KEPT_FRAMES || keptCharacters > KEPT_CHARACTERS) {
      const oldest = kept[first++];
      if (oldest === undefined) break;
      keptCharacters -= sizeOf(oldest);
    }
    if (first > 0) kept.splice(0, first);
  }

  function publish(whole: string | null, delta: string | null): void {
    lastNumber += 1;
    const id = `${epoch}-${lastNumber}`;
    const wholeFrame = whole && withId(whole, id);
    const entry: Kept = { whole: wholeFrame, delta: delta === whole ? wholeFrame : delta && withId(delta, id) };
    keep(entry);
    for (const [reader, wantsDeltas] of readers) {
      const frame = wantsDeltas ? entry.delta : entry.whole;
      if (frame !== null) reader.send(frame);
    }
  }

  function publishAll(type: FrameType, data: unknown): void {
    const frame = frameOf(type, data);
    publish(frame, frame);
  }

  function publishModels(actor: string): void {
    if (!actor.startsWith('model:')) return;
    const statuses = presentModels();
    const changed = statuses.find(({ id, peerID }) => peerID === '' && `model:${id}` === actor);
    publish(frameOf('modelStatus', statuses), changed === undefined ? null : frameOf('modelChanged', changed));
  }

  function presentModels(): readonly ModelStatus[] {
    return modelStatuses({ config: config(), names: names(), board, peerModels });
  }

  function publishAllModels(): void {
    publishAll('modelStatus', presentModels());
  }

  function run(): void {
    if (lingering !== null) clearTimeout(lingering);
    lingering = null;
    if (ends.length > 0) return;
    epoch = randomBytes(4).toString('hex');
    lastNumber = 0;
    ends = [
      logs.proxy.subscribe((data) => publishAll('logData', { source: 'proxy', data })),
      logs.upstream.subscribe((data) => publishAll('logData', { source: 'upstream', data })),
      journal.subscribe(({ actor }) => publishModels(actor)),
      pins.subscribe((active) => {
        publishAll('profileChanged', { active });
        publishAllModels();
      }),
      peerModels.subscribe(publishAllModels),
      peerModels.watch(),
      observation.inFlight.subscribe((update) => publishAll('inflight', update)),
      observation.onStored((id) => publishAll('activity', { id })),
    ];
  }

  function rest(): void {
    lingering ??= setTimeout(() => {
      for (const end of ends) end();
      ends = [];
      kept = [];
      keptCharacters = 0;
      lingering = null;
    }, LINGER_MS).unref();
  }

  function uiConfig(): object {
    return { activity: { session_id: config().activity.sessionHeaders } };
  }

  function activeProfile(): object {
    return { active: pins.active(config())?.id ?? null };
  }

  /** How things are now, in the order that clients expect. */
  function present(): string[] {
    return [
      frameOf('logData', { source: 'proxy', data: logs.proxy.history() }),
      frameOf('logData', { source: 'upstream', data: logs.upstream.history() }),
      frameOf('modelStatus', presentModels()),
      frameOf('uiConfig', uiConfig()),
      frameOf('profileChanged', activeProfile()),
      frameOf('inflight', observation.inFlight.snapshot()),
    ];
  }

  /** @returns null when it is not known any more what came after that frame. */
  function missedSince(lastId: string, wantsDeltas: boolean): string[] | null {
    const [run, number] = lastId.split('-');
    const missing = lastNumber - Number(number);
    if (run !== epoch || !(missing >= 0 && missing <= kept.length)) return null;
    return kept.slice(kept.length - missing).flatMap(({ whole, delta }) => (wantsDeltas ? delta : whole) ?? []);
  }

  function firstFrames(): string[] {
    const frames = present();
    const last = frames.pop() ?? '';
    return [...frames.map((frame) => `${frame}\n`), withId(last, `${epoch}-${lastNumber}`)];
  }

  return {
    reloaded() {
      if (ends.length === 0) return;
      publishAllModels();
      publishAll('uiConfig', uiConfig());
      publishAll('profileChanged', activeProfile());
    },
    attach(res, lastId, wantsDeltas) {
      run();
      const lost = (): void => logger.warn('a reader of /api/events is too slow: frames are dropped');
      const reader = createReader(res, lost, () => firstFrames().slice(2));
      const missed = lastId === undefined ? null : missedSince(lastId, wantsDeltas);
      for (const frame of missed ?? firstFrames()) reader.send(frame);
      readers.set(reader, wantsDeltas);
      res.once('close', () => {
        readers.delete(reader);
        if (readers.size === 0) rest();
      });
    },
  };
}

/** The id stands last: some simple clients take the first line for the event's name. */
function withId(frame: string, id: string): string {
  return `${frame}id:${id}\n\n`;
}

function sizeOf({ whole, delta }: Kept): number {
  return (whole?.length ?? 0) + (delta === whole ? 0 : (delta?.length ?? 0));
}
