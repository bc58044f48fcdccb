import { describe, expect, it } from 'vitest';
import { errorsOf, load, problemsOf } from './load-text.ts';

async function portsOf(text: string, options = {}): Promise<Record<string, number>> {
  const { config } = await load(text, options);
  return Object.fromEntries([...config.models].map(([id, { upstream }]) => [id, upstream.port]));
}

describe('ports', () => {
  it('are given out in the order of the ids, to models that use ${PORT} only', async () => {
    const text = `
models:
  c: {cmd: "srv \${PORT}"}
  B: {cmd: "srv \${PORT}", proxy: "http://127.0.0.1:\${PORT}"}
  fixed: {cmd: srv, proxy: "http://127.0.0.1:9000"}
  a: {cmd: "srv \${PORT}"}
`;
    expect(await portsOf(text)).toEqual({ B: 5800, a: 5801, c: 5802, fixed: 9000 });
    expect(Object.keys(await portsOf(text))).toEqual(['c', 'B', 'fixed', 'a']);
  });

  it('start at startPort', async () => {
    expect(await portsOf('startPort: 0x1F90\nmodels: {a: {cmd: "srv ${PORT}"}}')).toEqual({ a: 8080 });
  });

  it.each([
    ['0', 'must be 1 or more, not 0'],
    ['-5', 'must be 1 or more, not -5'],
    ['70000', 'must be 65535 or less, not 70000'],
    ['abc', 'must be a whole number, not the text "abc"'],
    ['"5800"', 'must be a whole number, not the text "5800"'],
    ['5800.5', 'must be a whole number, not 5800.5'],
    ['[1]', 'must be a whole number, not a list'],
  ])('startPort: %s is refused', async (value, message) => {
    expect(await errorsOf(`startPort: ${value}`)).toEqual([`startPort: ${message}`]);
  });

  it('R13: a port that is taken is passed over', async () => {
    const asked: number[] = [];
    const isPortFree = (port: number): Promise<boolean> => {
      asked.push(port);
      return Promise.resolve(port !== 5800 && port !== 5802);
    };
    const text = 'models: {a: {cmd: "srv ${PORT}"}, b: {cmd: "srv ${PORT}"}}';
    expect(await portsOf(text, { isPortFree })).toEqual({ a: 5801, b: 5803 });
    expect(asked).toEqual([5800, 5801, 5802, 5803]);
  });

  it('R13: a port that another model names itself is passed over', async () => {
    expect(await portsOf('models: {a: {cmd: "srv ${PORT}"}, b: {cmd: srv, proxy: "http://localhost:5800"}}')).toEqual({
      a: 5801,
      b: 5800,
    });
  });

  it('R13: a port that a model has had stays its own unless somebody else has taken it', async () => {
    const asked: number[] = [];
    const rules = {
      keptPorts: new Map([
        ['a', 5801],
        ['b', 5800],
        ['c', 5803],
      ]),
      runs: (model: string) => model === 'a',
      isPortFree: (port: number) => {
        asked.push(port);
        return port !== 5801 && port !== 5803;
      },
    };
    const text = 'models: {a: {cmd: "srv ${PORT}"}, b: {cmd: "srv ${PORT}"}, c: {cmd: "srv ${PORT}"}}';
    // The process of the first one holds its port itself.
    expect(await portsOf(text, rules)).toEqual({ a: 5801, b: 5800, c: 5802 });
    expect(asked).toEqual([5800, 5803, 5802]);
  });

  it('R13: the same configuration once more: only a port that was taken is another one', async () => {
    let taken = 0;
    const isPortFree = (port: number) => port !== taken;
    const text = 'models: {a: {cmd: "srv ${PORT}"}, b: {cmd: "other ${PORT}", proxy: "http://localhost:9000"}}';
    const first = await load(text, { isPortFree });
    taken = 5801;
    const next = await first.again(() => false);
    expect([...first.ports.values(), ...next.ports.values()]).toEqual([5800, 5801, 5800, 5802]);
    expect(next.config.models.get('b')).toMatchObject({ cmd: 'other 5802', upstream: { port: 9000 } });
    expect(next.config.models.get('a')).toEqual(first.config.models.get('a'));
  });

  it('that run out are an error', async () => {
    const problems = await problemsOf('startPort: 65535\nmodels: {a: {cmd: "srv ${PORT}"}, b: {cmd: "srv ${PORT}"}}');
    expect(problems).toMatchObject([{ path: 'models.b.cmd', message: 'there is no free port left for ${PORT}' }]);
  });

  it('two models may name the same port: they take turns', async () => {
    const text =
      'models: {a: {cmd: srv, proxy: "http://localhost:8999"}, b: {cmd: srv, proxy: "http://localhost:8999"}}';
    expect(await problemsOf(text)).toEqual([]);
  });
});
