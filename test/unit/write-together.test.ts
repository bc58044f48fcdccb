import { afterEach, expect, it } from 'vitest';
import { exchangeBegins, exchangeEnds, writeTogether } from '../../src/write-together.ts';

let begun = 0;

function begin(exchanges: number): void {
  for (; begun < exchanges; begun += 1) exchangeBegins();
}

function endOfTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

afterEach(() => {
  for (; begun > 0; begun -= 1) exchangeEnds();
});

it('writes at once as long as there are few exchanges', () => {
  begin(4);
  const written: string[] = [];
  writeTogether(() => void written.push('a'));
  expect(written).toEqual(['a']);
});

it('with more of them it writes in the end of the turn, in order, after all that follows from what was read', async () => {
  begin(5);
  const written: string[] = [];
  writeTogether(() => void written.push('a'));
  void Promise.resolve().then(() => {
    written.push('what follows');
    writeTogether(() => void written.push('b'));
  });
  expect(written).toEqual([]);
  await endOfTurn();
  expect(written).toEqual(['what follows', 'a', 'b']);
});

it('what is to be written while others write has its turn next', async () => {
  begin(5);
  const written: string[] = [];
  writeTogether(() => {
    written.push('a');
    writeTogether(() => void written.push('b'));
  });
  await endOfTurn();
  expect(written).toEqual(['a']);
  await endOfTurn();
  expect(written).toEqual(['a', 'b']);
});
