/** As the registry, the providers and signatures on their way know it. */
export const NAME = 'openai-responses';
