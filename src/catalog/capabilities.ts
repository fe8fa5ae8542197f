/** What a model may be able to do. What is not said of one is unknown, which is not `false`. */
export const CAPABILITIES = {
  vision: 'Sees images in a request.',
  audio_input: 'Hears audio in a request.',
  video_input: 'Watches videos in a request.',
  file_input: 'Reads PDF files in a request.',
  image_output: 'Answers with images.',
  audio_output: 'Answers with audio.',
  tools: 'Calls tools.',
  reasoning: 'Reasons before it answers.',
  structured_output: 'Answers with JSON that fits a schema.',
} as const;

export type Capability = keyof typeof CAPABILITIES;

export function isCapability(name: string): name is Capability {
  return Object.hasOwn(CAPABILITIES, name);
}
