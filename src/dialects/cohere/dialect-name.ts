/** As operations and providers name it. */
export const COHERE = 'cohere';
