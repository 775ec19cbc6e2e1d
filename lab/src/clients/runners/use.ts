// Is compiled only: the types are those of the .proto.

import { createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import { connect, reason, resume } from 'order-service-client';
import { OrderService } from 'order-service-client/api';
import { resume as resumeByConnect, withDeadlines } from 'order-service-client/connect';

const client = connect('localhost:50051').client(OrderService);
const order = await client.createOrder({ order: { customer: 'alice' } });
const name: string = order.name;
// @ts-expect-error It has no such field.
const none = order.nothing;
for await (const response of resume(client.watchOrders, { filter: '' })) {
  const token: string = response.resumeToken;
}
const transport = withDeadlines(createGrpcTransport({ baseUrl: 'https://localhost' }));
const byConnect = createClient(OrderService, transport);
for await (const response of resumeByConnect(byConnect.watchOrders, { filter: '' })) {
  const token: string = response.resumeToken;
}
reason(new Error());
