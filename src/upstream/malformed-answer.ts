/** An upstream said something that is not an HTTP/1.1 answer, or not one to what it was asked. */
export class MalformedAnswer extends Error {
  override readonly name = 'MalformedAnswer';
  readonly code = 'ERR_MALFORMED_ANSWER';
}
