/*
 * Amazon Bedrock's errors: the exception's name in `x-amzn-errortype`, and `{"message"}` as the body (restJson1). Names and
 * statuses: the service model of Bedrock Runtime.
 */
import type { Failure, FailureWords } from '../failures.ts';
import { hashDigits } from '../text.ts';

interface Exception {
  readonly name: string;
  readonly message: string;
}

const EXCEPTIONS: Readonly<Record<number, Exception>> = {
  400: { name: 'ValidationException', message: 'The provided request is not valid.' },
  401: { name: 'UnrecognizedClientException', message: 'The security token included in the request is invalid.' },
  403: { name: 'AccessDeniedException', message: "You don't have access to the model with the specified model ID." },
  404: { name: 'ResourceNotFoundException', message: 'Could not resolve the foundation model from the provided model identifier.' },
  408: {
    name: 'ModelTimeoutException',
    message: 'The request took too long to process. Processing time exceeded the model timeout length.',
  },
  424: { name: 'ModelErrorException', message: 'The model returned the following errors: the request could not be processed.' },
  429: { name: 'ThrottlingException', message: 'Too many requests, please wait before trying again.' },
  500: {
    name: 'InternalServerException',
    message: 'The system encountered an unexpected error during processing. Try your request again.',
  },
  503: { name: 'ServiceUnavailableException', message: 'Bedrock is unable to process your request.' },
};

export const BEDROCK_WORDS: FailureWords = {
  body: ({ message }) => JSON.stringify({ message }),
  headers: (failure) => ({
    'x-amzn-errortype': `${exceptionOf(failure)}:http://internal.amazon.com/coral/com.amazon.bedrock/`,
    'x-amzn-requestid': requestId(failure.message),
  }),
  status(status) {
    const { name, message } = EXCEPTIONS[status] ?? { name: null, message: `Simulated failure with status ${status}.` };
    return { status, message, code: name };
  },
  contextLength: () => ({ status: 400, message: 'Input is too long for requested model.', code: 'ValidationException' }),
  contentPolicy: {
    status: 400,
    message: 'The request was blocked: the content filters found content that violates the usage policies.',
    code: 'ValidationException',
  },
  inBand: {
    status: 424,
    message: 'The system encountered an unexpected error during processing. Try your request again.',
    code: 'modelStreamErrorException',
  },
};

/** The exception's name: its own, or the one that the status stands for. */
function exceptionOf({ status, code }: Failure): string {
  return code ?? EXCEPTIONS[status]?.name ?? (status < 500 ? 'ValidationException' : 'InternalServerException');
}

/** A request's id, in AWS's form. */
export function requestId(text: string, seed = 0): string {
  return hashDigits(`request\n${text}`, seed, 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
