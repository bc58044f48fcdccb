import { describe, expect, it } from 'vitest';
import { parseActivityQuery } from '../../../src/activity/parse-query.ts';

const parse = (text: string) => parseActivityQuery(new URLSearchParams(text));

describe('the query of the activity API', () => {
  it('has defaults', () => {
    expect(parse('').query).toEqual({
      models: [],
      start: null,
      end: null,
      minId: null,
      maxId: null,
      limit: 25,
      page: 1,
      sort: 'id',
      order: 'desc',
    });
  });

  it('trims, takes an empty value for none, and the first of several', () => {
    expect(
      parse('limit=%20999%20&page=&order=%20Asc&sort=time&model=%20a%20&model=&model=b&limit=oops').query,
    ).toMatchObject({
      models: ['a', 'b'],
      limit: 999,
      page: 1,
      order: 'asc',
      sort: 'time',
    });
  });

  it.each([
    ['limit=0', 'limit must be a whole number between 1 and 999'],
    ['limit=1000', 'limit must be a whole number between 1 and 999'],
    ['limit=ten', 'limit must be a whole number between 1 and 999'],
    ['page=0', 'page must be a whole number of at least 1'],
    ['page=1.5', 'page must be a whole number of at least 1'],
    ['min_id=0', 'min_id must be a whole number of at least 1'],
    ['max_id=-1', 'max_id must be a whole number of at least 1'],
    ['min_id=3&max_id=2', 'min_id must not be greater than max_id'],
    ['start=yesterday', 'start must be a time as in RFC 3339, like 2026-01-31T13:00:41Z'],
    ['end=2026-02-31T00:00:00Z', 'end must be a time as in RFC 3339, like 2026-01-31T13:00:41Z'],
    ['start=2026-01-02T00:00:00Z&end=2026-01-01T00:00:00Z', 'start must not be after end'],
    ['sort=size', expect.stringMatching(/^sort must be one of id, time, model, /)],
    ['sort=constructor', expect.stringMatching(/^sort must be one of/)],
    ['order=up', 'order must be one of asc, desc'],
  ])('refuses %s', (text, problem) => {
    expect(parse(text)).toEqual({ query: null, problems: [problem] });
  });

  it('names every problem at once', () => {
    expect(parse('limit=0&page=x&order=up').problems).toHaveLength(3);
  });
});
