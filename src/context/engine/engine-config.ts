import type { StateConfig } from '../../stores/state-config.ts';
import type { ContextConfig } from '../context-config.ts';

/** What the engines are made from. It goes to their thread as it is. */
export interface EngineConfig {
  readonly state: Pick<
    StateConfig,
    'records' | 'records_timeout' | 'records_connections_max' | 'outbox' | 'outbox_bytes_max' | 'vectors' | 'vectors_api_key'
  >;
  readonly context: ContextConfig;
  /** What the name of the embedding model means: `provider/model`. */
  readonly embeddingTarget?: string;
}
