/** Paths that carry a model's name in their body: POST. The hottest first. */
export const INFERENCE_PATHS = [
  '/v1/chat/completions',
  '/v1/completions',
  '/v1/embeddings',
  '/v1/responses',
  '/v1/messages',
  '/v1/messages/count_tokens',
  '/v1/rerank',
  '/v1/reranking',
  '/rerank',
  '/reranking',
  '/infill',
  '/completion',
  '/v1/audio/speech',
  '/v1/audio/voices',
  '/v1/audio/transcriptions',
  '/v1/images/generations',
  '/v1/images/edits',
  '/sdapi/v1/txt2img',
  '/sdapi/v1/img2img',
  '/audioapi/v1/tasks/run',
  '/v/chat/completions',
  '/v/completions',
  '/v/embeddings',
  '/v/responses',
  '/v/messages',
  '/v/messages/count_tokens',
  '/v/rerank',
  '/v/reranking',
] as const;

/** Paths that carry it in their query: GET and HEAD. */
export const MODEL_QUERY_PATHS = ['/v1/audio/voices', '/sdapi/v1/loras', '/props'] as const;
