import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../machines/shared/failure.ts';
import { createStatusBoard } from '../../../src/observability/status-board.ts';

const FAILURE: Failure = { code: 'crashed', message: 'gone', exitCode: 1, signal: null, logTail: [], at: 5 };

describe('status board', () => {
  it('takes a model that no actor speaks for as stopped', () => {
    expect(createStatusBoard().phaseOf('a')).toBe('stopped');
  });

  it('takes a state that is no phase as stopped', () => {
    const board = createStatusBoard();
    board.set('model:a', { id: 'model:a', state: 'crashed', since: 1, detail: null });
    expect(board.phaseOf('a')).toBe('stopped');
  });

  it('lists the actors by id, with the failure of a model', () => {
    const board = createStatusBoard();
    board.set('orchestrator', { id: 'orchestrator', state: 'running', since: 1, detail: null });
    board.set('model:b', { id: 'model:b', state: 'ready', since: 2, detail: 'idle' });
    board.set('model:a', { id: 'model:a', state: 'stopped', since: 3, detail: null });
    board.observeFailure('a', FAILURE);
    expect(board.actors()).toEqual([
      { id: 'model:a', state: 'stopped', since: 3, detail: null, failure: FAILURE },
      { id: 'model:b', state: 'ready', since: 2, detail: 'idle', failure: null },
      { id: 'orchestrator', state: 'running', since: 1, detail: null, failure: null },
    ]);
  });

  it('forgets a failure when the model is well again', () => {
    const board = createStatusBoard();
    board.observeFailure('a', FAILURE);
    expect(board.failureOf('a')).toBe(FAILURE);
    board.observeFailure('a', null);
    expect(board.failureOf('a')).toBeNull();
  });
});
