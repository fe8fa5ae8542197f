/** As configurations, headers and signatures name it. */
export const GEMINI = 'gemini';
