// nginx.conf with one location. One worker, since a server has one core; nothing that would end a connection early.
export interface Nginx {
  port: number;
  folder: string;
  /** A module's file, if the location needs one. */
  module?: string;
  /** What answers. */
  location: string;
  log: boolean;
  /** More of the http block. */
  http?: string;
}

export function configuration({ port, folder, module, location, log, http = '' }: Nginx): string {
  return `${module ? `load_module ${module};` : ''}
worker_processes 1;
daemon off;
user root;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
worker_rlimit_nofile 20000;
events { worker_connections 10500; }
http {
  access_log ${log ? `${folder}/access.log combined buffer=64k` : 'off'};
  keepalive_requests 100000000;
  keepalive_timeout 600;
  client_body_buffer_size 64k;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  ${http}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    default_type text/plain;
    location / { ${location} }
  }
}
`;
}
