/** The types of frames that `/api/events` sends. */
export type FrameType =
  | 'logData'
  | 'modelStatus'
  | 'modelChanged'
  | 'uiConfig'
  | 'profileChanged'
  | 'inflight'
  | 'activity';

/** One event as it goes over the wire: clients parse its data, and then the text within that. */
export function frameOf(type: FrameType, data: unknown): string {
  return `event:message\ndata:${JSON.stringify({ type, data: JSON.stringify(data) })}\n`;
}
