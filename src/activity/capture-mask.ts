/** Which parts of an exchange are kept. */
export interface CaptureMask {
  readonly requestBody: boolean;
  readonly responseHeaders: boolean;
  readonly responseBody: boolean;
}

const EVERYTHING: CaptureMask = { requestBody: true, responseHeaders: true, responseBody: true };
/** The answer is sound or a picture. */
const NO_ANSWER: CaptureMask = { ...EVERYTHING, responseBody: false };
/** The request holds sound. */
const NO_REQUEST: CaptureMask = { ...EVERYTHING, requestBody: false };
const HEADERS_ONLY: CaptureMask = { requestBody: false, responseHeaders: true, responseBody: false };

const BY_PATH: Readonly<Record<string, CaptureMask>> = {
  '/v1/audio/speech': NO_ANSWER,
  '/v1/images/generations': NO_ANSWER,
  '/sdapi/v1/txt2img': NO_ANSWER,
  '/v1/audio/voices': NO_REQUEST,
  '/v1/audio/transcriptions': NO_REQUEST,
  '/v1/images/edits': HEADERS_ONLY,
  '/sdapi/v1/img2img': HEADERS_ONLY,
};

/**
 * Bulky media is not kept, nor is the body of an answer that is not a 200.
 *
 * @param path As the upstream sees it, without `/upstream/<model>` and without the query.
 */
export function captureMask(path: string, status: number): CaptureMask {
  const mask = (Object.hasOwn(BY_PATH, path) ? BY_PATH[path] : undefined) ?? EVERYTHING;
  return status === 200 ? mask : { ...mask, responseBody: false };
}
