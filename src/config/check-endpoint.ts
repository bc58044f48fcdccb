export type CheckEndpoint =
  | {
      readonly path: string | null;
      /** What of the text does not count. */
      readonly ignored: Remark | null;
    }
  | { readonly wrong: Remark };

interface Remark {
  readonly message: string;
  readonly hint: string;
}

const WHOLE_URL: Remark = {
  message: 'is a whole URL, of which only the path is used',
  hint: 'write the path alone: proxy says where the model listens',
};
const FRAGMENT: Remark = { message: 'holds a fragment (#…), which is never sent', hint: 'take it out, or write %23' };

/**
 * The path asked for health, null for `none`. Whatever could not be sent as a request line is refused here: found at the
 * first start of the model it would be found too late.
 */
export function parseCheckEndpoint(text: string): CheckEndpoint {
  const trimmed = text.trim();
  if (trimmed === 'none') return { path: null, ignored: null };
  if (/\p{Cc}/u.test(trimmed)) return { wrong: { message: 'holds a control character', hint: 'take it out' } };
  const beyondHost = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*(.*)$/i.exec(trimmed)?.[1];
  if (beyondHost !== undefined && !URL.canParse(trimmed)) {
    return { wrong: { message: 'is not a valid URL', hint: 'write for example checkEndpoint: /health' } };
  }
  const [sent = '', fragment] = (beyondHost ?? trimmed).split(/#(.*)/);
  if (/%(?![0-9a-f]{2})/i.test(sent)) {
    const message = 'has a "%" without two hexadecimal digits after it';
    return { wrong: { message, hint: 'write %25 for a percent sign' } };
  }
  const path = sent.replaceAll(/[^\x21-\x7E]+/g, (run) => encodeURIComponent(run.toWellFormed()));
  const ignored = beyondHost !== undefined ? WHOLE_URL : fragment !== undefined ? FRAGMENT : null;
  return { path: path.startsWith('/') ? path : `/${path}`, ignored };
}
