/** As signatures, uploads and native parts say whose they are. */
export const BEDROCK_CONVERSE = 'bedrock-converse';
