/**
 * A port that was free a moment ago, for programs that cannot take port 0. Another process may be faster: whoever uses it must
 * notice that the program did not start, and ask again.
 */
export function freePort(): number {
  const listener = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {} } });
  const { port } = listener;
  listener.stop(true);
  return port;
}
