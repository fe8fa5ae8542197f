/** A program that runs itself as several workers: each answers with its process id, `/crash` ends the one that got it. */
import { isWorker, superviseWorkers } from '../../src/edge/workers.ts';

const [port = '0', mode = 'serve'] = process.argv.slice(2);

if (!isWorker(process.env)) {
  process.exitCode = await superviseWorkers({
    count: 2,
    args: process.argv.slice(2),
    env: process.env,
    io: { stderr: (text) => void process.stderr.write(text) },
  });
} else if (mode === 'fail') {
  process.exit(3);
} else {
  const server = Bun.serve({
    port: Number(port),
    hostname: '127.0.0.1',
    reusePort: true,
    async fetch(request) {
      const path = new URL(request.url).pathname;
      if (path === '/crash') process.exit(7);
      if (path === '/slow') await Bun.sleep(400);
      return new Response(String(process.pid), { headers: { connection: 'close' } });
    },
  });
  process.on('SIGTERM', () => void server.stop().then(() => process.exit(0)));
}
