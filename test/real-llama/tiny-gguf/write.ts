import { closeSync, openSync, renameSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { ENCODINGS } from './encoding.ts';
import { createFiller } from './fill.ts';
import { Metadata, text, u32, u64 } from './metadata.ts';
import { createRandom } from './random.ts';
import { aligned, ALIGNMENT, layOut, type Shape } from './tensors.ts';
import { makeVocabulary, type Sentence, type Vocabulary } from './vocabulary.ts';

export interface TinyModel extends Shape, Sentence {
  /** The longest context that the model claims to be trained for, in tokens. */
  readonly context: number;
  readonly seed: number;
}

const CHAT_TEMPLATE =
  "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}" +
  "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

/** Writes a GGUF v3 file that a real llama-server loads; the file appears whole or not at all. */
export function writeTinyGguf(file: string, model: TinyModel): void {
  const { width, heads, feedForward } = model;
  if (width % 32 || feedForward % 32 || width % heads || (width / heads) % 2) {
    throw new Error('width and feed-forward must be multiples of 32, and width / heads a whole even number');
  }
  const random = createRandom(model.seed);
  const vocabulary = makeVocabulary(model, random);
  const tensors = layOut(model, vocabulary.tokens.length);
  const { entries } = describe(basename(file, '.gguf'), model, vocabulary);

  const fd = openSync(`${file}.part`, 'w');
  let position = 0;
  const write = (bytes: Buffer) => {
    for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done);
    position += bytes.length;
  };
  const align = () => write(Buffer.alloc(aligned(position) - position));

  write(Buffer.concat([Buffer.from('GGUF'), u32(3), u64(tensors.length), u64(entries.length), ...entries]));
  for (const { name, dimensions, encoding, offset } of tensors) {
    const { tensorType } = ENCODINGS[encoding];
    write(Buffer.concat([text(name), u32(dimensions.length), ...dimensions.map(u64), u32(tensorType), u64(offset)]));
  }
  align();
  const fill = createFiller(model, vocabulary, random);
  for (const tensor of tensors) {
    for (const piece of fill(tensor)) write(piece);
    align();
  }
  closeSync(fd);
  renameSync(`${file}.part`, file);
}

function describe(name: string, model: TinyModel, vocabulary: Vocabulary): Metadata {
  const { special } = vocabulary;
  return new Metadata()
    .put('general.architecture', 'string', 'llama')
    .put('general.type', 'string', 'model')
    .put('general.name', 'string', name)
    .put('general.file_type', 'u32', ENCODINGS[model.encoding].fileType)
    .put('general.quantization_version', 'u32', 2)
    .put('general.alignment', 'u32', ALIGNMENT)
    .put('llama.vocab_size', 'u32', vocabulary.tokens.length)
    .put('llama.context_length', 'u32', model.context)
    .put('llama.embedding_length', 'u32', model.width)
    .put('llama.block_count', 'u32', model.layers)
    .put('llama.feed_forward_length', 'u32', model.feedForward)
    .put('llama.attention.head_count', 'u32', model.heads)
    .put('llama.attention.head_count_kv', 'u32', model.heads)
    .put('llama.attention.layer_norm_rms_epsilon', 'f32', 1e-5)
    .put('llama.rope.dimension_count', 'u32', model.width / model.heads)
    .put('llama.rope.freq_base', 'f32', 10_000)
    .put('tokenizer.ggml.model', 'string', 'llama')
    .put('tokenizer.ggml.pre', 'string', 'default')
    .putAll('tokenizer.ggml.tokens', 'string', vocabulary.tokens)
    .putAll('tokenizer.ggml.scores', 'f32', vocabulary.scores)
    .putAll('tokenizer.ggml.token_type', 'i32', vocabulary.kinds)
    .put('tokenizer.ggml.bos_token_id', 'u32', special.begin)
    .put('tokenizer.ggml.eos_token_id', 'u32', special.end)
    .put('tokenizer.ggml.unknown_token_id', 'u32', special.unknown)
    .put('tokenizer.ggml.padding_token_id', 'u32', special.unknown)
    .put('tokenizer.ggml.eot_token_id', 'u32', special.chatEnd)
    .put('tokenizer.ggml.add_bos_token', 'bool', true)
    .put('tokenizer.ggml.add_eos_token', 'bool', false)
    .put('tokenizer.ggml.add_space_prefix', 'bool', false)
    .put('tokenizer.chat_template', 'string', CHAT_TEMPLATE);
}
