import { ClientError, missing } from './client-error.ts';
import { inputBytesPerSecond, type SessionConfig } from './session-config.ts';

/** Bytes of one turn; the vendor's limit is for one event. */
const BYTES_MAX = 268_435_456;
const EVENT_BYTES_MAX = 15_728_640;
/** Less is no turn. */
const SECONDS_MIN = 0.1;

interface Turn {
  readonly seconds: number;
  /** What tells it from another. */
  readonly digest: string;
}

/** What the user says, until it is committed: counted and hashed, and not kept. */
export class InputAudio {
  #bytes = 0;
  #hasher = new Bun.CryptoHasher('sha256');

  /** Base64. Throws ClientError. */
  append(audio: unknown): void {
    if (audio === undefined) throw missing('audio');
    if (typeof audio !== 'string') throw new ClientError("Invalid type for 'audio': expected a string.", 'invalid_type', 'audio');
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(audio) || audio.length % 4 !== 0) {
      throw new ClientError("Invalid 'audio'. Expected base64-encoded audio bytes, but got an invalid value.", 'invalid_value', 'audio');
    }
    const bytes = Buffer.from(audio, 'base64');
    if (bytes.length > EVENT_BYTES_MAX || this.#bytes + bytes.length > BYTES_MAX) {
      throw new ClientError(`Invalid 'audio': larger than ${EVENT_BYTES_MAX} bytes, or ${BYTES_MAX} together.`, 'invalid_value', 'audio');
    }
    this.#bytes += bytes.length;
    this.#hasher.update(bytes);
  }

  /** What was said, which is a turn. Throws ClientError. */
  commit(config: SessionConfig): Turn {
    const seconds = this.#bytes / inputBytesPerSecond(config);
    if (seconds < SECONDS_MIN) {
      const message = `Error committing input audio buffer: buffer too small. Expected at least 100ms of audio, but buffer only has ${(seconds * 1_000).toFixed(2)}ms of audio.`;
      throw new ClientError(message, 'input_audio_buffer_commit_empty');
    }
    return this.take(config);
  }

  /** Empties it, whatever there is. */
  take(config: SessionConfig): Turn {
    const turn = { seconds: this.#bytes / inputBytesPerSecond(config), digest: this.#hasher.digest('hex') };
    this.#bytes = 0;
    this.#hasher = new Bun.CryptoHasher('sha256');
    return turn;
  }
}
