/** The text of a proxy.ini with so many routes of all kinds, each with a section; none hides another. */
export function manyRoutes(count: number): string {
  const routes = Array.from({ length: count }, (_, i) => {
    switch (i % 5) {
      case 0:
        return [`/libraries/${i}/ = ./lib${i % 50}.so`, 'timeout = 5s', 'run = inline'];
      case 1:
        return [
          `/upstreams/${i}/ = http://10.0.${i % 250}.7:8080 weight=2 http://10.0.${i % 250}.8:8080`,
          ...['balance = least-connections', 'strip_prefix = true', 'rewrite = ^/a/(.*)$ /b/$1'],
          ...['set_request_header = X-Gate: north', 'health_path = /health', 'retries = 1'],
        ];
      case 2:
        return [
          `Host: ${i}.example.com / = https://${i}.internal.example.com`,
          ...['host = upstream', 'tls_ca = ca.pem', 'canary = http://10.1.1.1', 'canary_weight = 5%'],
        ];
      case 3:
        return [`/moved/${i}/ = return 301 https://example.com{uri}`];
      default:
        return [`Host: ${i}.example.com /app/ = unix:/run/${i}.sock`, 'max_concurrency = 10'];
    }
  });
  const sections = routes.map(([route, ...options]) => [`[${route!.split(' = ')[0]}]`, ...options]);
  return [...routes.map(([route]) => route), ...sections.flat()].join('\n');
}
