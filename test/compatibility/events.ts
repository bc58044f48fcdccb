/** One frame of `/api/events`, its data decoded. */
interface Frame {
  readonly type: string;
  // What comes is what the tests look into.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly data: any;
}

export interface EventReader extends AsyncDisposable {
  /** Every frame so far. */
  readonly frames: readonly Frame[];
  /**
   * The data of the first frame of a type that fits and has not been given out yet.
   *
   * @throws when the stream ends before it.
   */
  next(type: string, fits?: (data: Frame['data']) => boolean): Promise<Frame['data']>;
}

/** Follows `/api/events` as a page does. */
export async function openEvents(gatewayUrl: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const leaving = new AbortController();
  const response = await fetch(`${gatewayUrl}/api/events`, { headers, signal: leaving.signal });
  const texts = response.body?.pipeThrough(new TextDecoderStream());
  if (response.status !== 200 || texts === undefined) throw new Error(`/api/events answered ${response.status}`);
  const frames: Frame[] = [];
  let read = 0;
  let isOver = false;
  let wake = Promise.withResolvers<void>();

  async function follow(): Promise<void> {
    let rest = '';
    try {
      for await (const text of texts ?? []) {
        const blocks = (rest + text).split('\n\n');
        rest = blocks.pop() ?? '';
        frames.push(...blocks.flatMap(parse));
        wake.resolve();
        wake = Promise.withResolvers();
      }
    } catch {
      // Left by us, or cut by the gateway: over in either case.
    }
    isOver = true;
    wake.resolve();
  }
  const following = follow();

  return {
    frames,
    async next(type, fits = () => true) {
      for (;;) {
        while (read < frames.length) {
          const frame = frames[read++];
          if (frame?.type === type && fits(frame.data)) return frame.data;
        }
        if (isOver) throw new Error(`the events ended without the ${type} that was waited for`);
        await wake.promise;
      }
    },
    async [Symbol.asyncDispose]() {
      leaving.abort();
      await following;
    },
  };
}

/** A block is a frame when it is what `EventSource` calls a message; comments are none. */
function parse(block: string): Frame[] {
  const lines = block.split('\n');
  const event = lines.find((line) => line.startsWith('event:'))?.slice('event:'.length);
  const data = lines.find((line) => line.startsWith('data:'))?.slice('data:'.length);
  if (data === undefined || event?.trim() !== 'message') return [];
  const frame = JSON.parse(data) as { type: string; data: string };
  return [{ type: frame.type, data: JSON.parse(frame.data) }];
}
