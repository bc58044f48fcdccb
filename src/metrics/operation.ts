const OPERATIONS: Readonly<Record<string, string>> = {
  '/v1/chat/completions': 'chat',
  '/v1/messages': 'chat',
  '/v1/responses': 'chat',
  '/v1/completions': 'text_completion',
  '/completion': 'text_completion',
  '/infill': 'text_completion',
  '/v1/embeddings': 'embeddings',
  '/v1/rerank': 'rerank',
  '/v1/reranking': 'rerank',
  '/rerank': 'rerank',
  '/reranking': 'rerank',
  '/v1/messages/count_tokens': 'count_tokens',
  '/v1/audio/speech': 'speech',
  '/v1/audio/voices': 'voices',
  '/v1/audio/transcriptions': 'transcription',
  '/v1/images/generations': 'image',
  '/v1/images/edits': 'image',
  '/sdapi/v1/txt2img': 'image',
  '/sdapi/v1/img2img': 'image',
};

/**
 * What a request wants, as a label: the words of OpenTelemetry where it has one. Anything that clients may invent is
 * `other`, for each label value is kept for ever.
 *
 * @param path As the upstream sees it, without the query.
 */
export function operationOf(path: string): string {
  return (Object.hasOwn(OPERATIONS, path) ? OPERATIONS[path] : undefined) ?? 'other';
}
