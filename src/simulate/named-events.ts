/** An event as it goes onto the wire. Its name is its type. */
export function namedEvent(value: { readonly type: string }): string {
  return `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;
}
