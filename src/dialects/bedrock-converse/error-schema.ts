import { z } from 'zod';

export const bedrockError = z
  .looseObject({ message: z.string().describe('What went wrong, for people. What programs read is in the header `x-amzn-errortype`.') })
  .meta({
    id: 'BedrockError',
    description: "An error as Amazon Bedrock tells it. The header `x-amzn-errortype` has the exception's name.",
  });
