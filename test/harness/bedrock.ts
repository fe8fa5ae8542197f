import { BedrockRuntimeClient, type BedrockRuntimeClientConfig } from '@aws-sdk/client-bedrock-runtime';
import { awsHttp } from './aws-http.ts';

/** The one key pair that the simulator knows. */
export const SIMULATED_PAIR = { access_key_id: 'AKIASIMULATOR0000000', secret_access_key: 'simulator/not-a-secret/not-a-secret/0000' };

export interface BedrockOptions {
  /** Signs with this name and key; else the key is a bearer token. */
  readonly keyName?: string;
  readonly key: string;
  /** How often it tries. */
  readonly attempts?: number;
  readonly more?: BedrockRuntimeClientConfig;
}

/** AWS's own client, pointed at the gateway. */
export function bedrockClient(url: string, { keyName, key, attempts = 1, more = {} }: BedrockOptions): BedrockRuntimeClient {
  const credential: BedrockRuntimeClientConfig =
    keyName === undefined
      ? { token: { token: key }, authSchemePreference: ['httpBearerAuth'] }
      : { credentials: { accessKeyId: keyName, secretAccessKey: key }, authSchemePreference: ['sigv4'] };
  return new BedrockRuntimeClient({
    endpoint: url,
    region: 'eu-central-1',
    maxAttempts: attempts,
    requestHandler: awsHttp(),
    ...credential,
    ...more,
  });
}
