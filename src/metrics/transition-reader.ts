import type { ObservedTransition } from './observation.ts';

/** What a transition means for the numbers. */
export type Fact =
  | { readonly kind: 'phase'; readonly model: string; readonly phase: string }
  | { readonly kind: 'loaded'; readonly model: string; readonly seconds: number }
  /** A load ended otherwise: it failed, or was called off. */
  | { readonly kind: 'load-ended'; readonly model: string; readonly outcome: 'failed' | 'cancelled' }
  /** A model that was ready is so no more. */
  | { readonly kind: 'evicted'; readonly model: string; readonly cause: EvictionCause }
  | { readonly kind: 'swapped'; readonly outcome: string; readonly seconds: number };

/** Why a ready model went. */
type EvictionCause = 'ttl' | 'swap' | 'unload' | 'shutdown' | 'crash' | 'killed' | 'unresponsive';

const REASONS: ReadonlyMap<string, EvictionCause> = new Map([
  ['ttl', 'ttl'],
  ['swap', 'swap'],
  ['unload', 'unload'],
  ['shutdown', 'shutdown'],
  ['health-timeout', 'unresponsive'],
]);

const SWAP_ENDS = new Set(['done', 'failed', 'cancelled', 'crashed']);
const MODEL = 'model:';
const SWAP = 'swap:';

/**
 * Reads the transitions of the journal, in their order.
 *
 * Where a transition does not say why a model was told to stop, the actors that were about something at that time do:
 * the shutdown, a swap that was evicting; without either it was a person.
 */
export function createTransitionReader(): (transition: ObservedTransition) => readonly Fact[] {
  const loadsSince = new Map<string, number>();
  const swapsSince = new Map<string, number>();
  const evicting = new Set<string>();
  let isShuttingDown = false;

  function ofModel(transition: ObservedTransition): Fact[] {
    const { actor, at, from, to } = transition;
    const model = actor.slice(MODEL.length);
    const facts: Fact[] = [{ kind: 'phase', model, phase: to }];
    if (to === 'starting') loadsSince.set(model, at);
    const since = loadsSince.get(model);
    if (to === 'ready' || to === 'stopping' || to === 'stopped') loadsSince.delete(model);
    if (from === 'ready') facts.push({ kind: 'evicted', model, cause: causeOf(transition) });
    else if (to === 'ready' && since !== undefined) {
      facts.push({ kind: 'loaded', model, seconds: Math.max(0, at - since) / 1000 });
    } else if (since !== undefined && (to === 'stopping' || to === 'stopped')) {
      facts.push({ kind: 'load-ended', model, outcome: isCommand(transition.event) ? 'cancelled' : 'failed' });
    }
    return facts;
  }

  function causeOf({ event, to, reason }: ObservedTransition): EvictionCause {
    if (to === 'stopped' || to === 'crashed') return 'crash';
    const known = REASONS.get(reason ?? '');
    if (known !== undefined) return known;
    if (event.startsWith('xstate.after.')) return 'ttl';
    if (event === 'model.kill') return isShuttingDown ? 'shutdown' : 'killed';
    if (evicting.size > 0) return 'swap';
    return isShuttingDown ? 'shutdown' : 'unload';
  }

  function ofSwap({ actor, at, from, to }: ObservedTransition): Fact[] {
    if (from === null || !swapsSince.has(actor)) swapsSince.set(actor, at);
    if (to === 'evicting') evicting.add(actor);
    else evicting.delete(actor);
    if (!SWAP_ENDS.has(to)) return [];
    const since = swapsSince.get(actor) ?? at;
    swapsSince.delete(actor);
    return [{ kind: 'swapped', outcome: to, seconds: Math.max(0, at - since) / 1000 }];
  }

  return (transition) => {
    if (transition.actor.startsWith(MODEL)) return ofModel(transition);
    if (transition.actor.startsWith(SWAP)) return ofSwap(transition);
    if (transition.actor === 'orchestrator') isShuttingDown = transition.to !== 'running';
    return [];
  };
}

function isCommand(event: string): boolean {
  return event === 'model.stop' || event === 'model.kill';
}
