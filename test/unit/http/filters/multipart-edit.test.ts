import { describe, expect, it } from 'vitest';
import { replaceMultipartField } from '../../../../src/http/filters/multipart-edit.ts';

const TYPE = 'multipart/form-data; boundary=XX';

function form(model: string): Buffer {
  return Buffer.concat([
    Buffer.from('preamble\r\n--XX\r\nContent-Disposition: form-data; name="file"; filename="model"\r\n'),
    Buffer.from('Content-Type: audio/wav\r\nX-Own: 1\r\n\r\n'),
    Buffer.from([0, 255, 13, 10, 45, 45, 88]),
    Buffer.from(
      `\r\n--XX\r\ncontent-disposition: form-data; name="model"\r\nContent-Type: text/plain\r\n\r\n${model}\r\n`,
    ),
    Buffer.from('--XX\r\nContent-Disposition: form-data; name="language"\r\n\r\nen\r\n--XX--\r\nepilogue'),
  ]);
}

function replaced(body: Buffer, value: string): Buffer {
  return Buffer.concat(replaceMultipartField(body, TYPE, 'model', value));
}

describe('R15: the model in a form changes, and not one byte around it', () => {
  it.each(['a', '', 'größer/as:before', 'x'.repeat(1000)])('to %j', (name) => {
    expect(replaced(form('whisper'), name)).toEqual(form(name));
  });

  it('from an empty one', () => {
    expect(replaced(form(''), 'a')).toEqual(form('a'));
  });

  it('files keep their content type and their place, and are not copied', () => {
    const body = Buffer.concat([form('m'), Buffer.alloc(0)]);
    const pieces = replaceMultipartField(body, TYPE, 'model', 'other');
    expect(pieces).toHaveLength(3);
    expect([pieces[0]?.buffer, pieces[2]?.buffer]).toEqual([body.buffer, body.buffer]);
  });

  it('every field of the name changes, a file of the name does not', () => {
    const part = (value: string, file = ''): string =>
      `--XX\r\nContent-Disposition: form-data; name="model"${file}\r\n\r\n${value}\r\n`;
    const body = `${part('a')}${part('data', '; filename="f"')}${part('')}--XX--\r\n`;
    const expected = `${part('n')}${part('data', '; filename="f"')}${part('n')}--XX--\r\n`;
    expect(replaced(Buffer.from(body), 'n').toString()).toBe(expected);
  });

  it.each(['multipart/form-data', 'multipart/form-data; boundary=other'])('%s: nothing to find', (type) => {
    const body = form('m');
    expect(replaceMultipartField(body, type, 'model', 'n')).toEqual([body]);
  });

  it('a form that is cut off keeps what came', () => {
    const whole = form('m');
    for (let length = 0; length < whole.length; length += 1) {
      const cut = whole.subarray(0, length);
      const text = replaced(cut, 'm');
      expect(text.equals(cut)).toBe(true);
    }
  });
});
