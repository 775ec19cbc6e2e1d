//{% capture source %}§{% raw %}
// Calls the service with the retries of its contract.
//
// usage: node main.js ADDRESS SERVICE_CONFIG
//
// SERVICE_CONFIG is a file written by `cargo contract service-config`; what proto/
// imports is in target/protos, written by `cargo contract protos`.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

const [address, serviceConfig] = process.argv.slice(2);
if (!serviceConfig) {
  console.error('usage: node main.js ADDRESS SERVICE_CONFIG');
  process.exit(64);
}

const proto = grpc.loadPackageDefinition(
  loadSync('acme/order/v1/order.proto', {
    includeDirs: ['../../proto', '../../target/protos'].map((folder) =>
      fileURLToPath(new URL(folder, import.meta.url)),
    ),
    keepCase: true,
    enums: String,
    longs: String,
  }),
);
const client = new proto.acme.order.v1.OrderService(
  address,
  grpc.credentials.createInsecure(),
  { 'grpc.service_config': readFileSync(serviceConfig, 'utf8') },
);

/** Resolves to the response, or to nothing after printing why there is none. */
function call(name, request) {
  return new Promise((resolve) => {
    client[name](request, (error, response) => {
      if (error) {
        console.log(`${name}: ${grpc.status[error.code]} ${error.details}`);
      } else {
        console.log(`${name}: OK ${response.name}`);
      }
      resolve(response);
    });
  });
}

// The same request_id goes with every attempt: the server acts once.
const created = await call('CreateOrder', {
  order: {
    customer: 'alice',
    items: [{ sku: 'widget', quantity: 2, unit_price: { currency_code: 'EUR', units: 9 } }],
  },
  request_id: randomUUID(),
});
const found = created && (await call('GetOrder', { name: created.name }));

// Never repeated by itself: only the caller knows whether that is right.
const changed =
  created &&
  (await call('UpdateOrder', {
    order: { name: created.name, etag: created.etag, note: 'by the door' },
    update_mask: { paths: ['note'] },
  }));

client.close();
process.exitCode = found && changed ? 0 : 1;
//{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
