/*
 * nginx as the limit to aim for: `proxy_pass` with a pool of kept-alive connections to the upstream, one worker,
 * buffering as by default for whole replies and off for streams (so that events pass at once), and nothing else: no key, no
 * limit, no metric, and its access log is off. All of that is in the gateway's figure: the comparison is hard on us on purpose.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { freePort, SUBJECT_CORE } from '../measure/children.ts';
import { type PeerDefinition, type PeerSetup, startPeer } from './peer.ts';

export const nginx: PeerDefinition = {
  name: 'nginx',
  about: 'proxy_pass, keep-alive both ways, 1 worker, access log off; proxy_buffering off for streams',
  async version() {
    const path = Bun.which('nginx', { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` });
    if (path === null) return undefined;
    const child = Bun.spawn([path, '-v'], { stdout: 'ignore', stderr: 'pipe' });
    return (await child.stderr.text()).trim().replace('nginx version: nginx/', '');
  },
  async start(setup) {
    const port = freePort();
    const prefix = `${setup.scratch}/nginx-${port}`;
    mkdirSync(prefix, { recursive: true });
    writeFileSync(`${prefix}/nginx.conf`, nginxConfig(port, setup));
    return await startPeer(
      { name: 'nginx', port, readyPath: '/bench/count' },
      {
        command: ['nginx', '-p', prefix, '-c', `${prefix}/nginx.conf`, '-e', `${prefix}/error.log`],
        core: SUBJECT_CORE,
        env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` },
        outputPath: `${prefix}/output.log`,
      },
    );
  },
};

function nginxConfig(port: number, setup: PeerSetup): string {
  return `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log error.log error;
events { worker_connections 16000; multi_accept on; }
http {
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 300s;
  keepalive_requests 1000000000;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream bench {
    server 127.0.0.1:${setup.upstreamPort};
    keepalive 512;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://bench;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering ${setup.streams ? 'off' : 'on'};
      proxy_read_timeout 300s;
    }
  }
}
`;
}
