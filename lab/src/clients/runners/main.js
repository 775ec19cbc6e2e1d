// Carries out the scenarios with the npm package: node main.js SETUP [connect]
//
// SETUP is a JSON text: addresses, authority, token, transport, scenarios.

import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { Code, createClient } from '@connectrpc/connect';
import { createGrpcTransport } from '@connectrpc/connect-node';
import grpc from '@grpc/grpc-js';
import { connect, reason, resume, violations } from 'order-service-client';
import { OrderService } from 'order-service-client/api';
import { withDeadlines } from 'order-service-client/connect';

const setup = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const byConnect = process.argv[3] === 'connect';

function reach(address, token) {
  return byConnect ? reachByConnect(address, token) : reachByGrpc(address, token);
}

function reachByConnect(address, token) {
  const show = (next) => (request) => {
    if (token) {
      request.header.set('authorization', `Bearer ${token}`);
    }
    return next(request);
  };
  const transport = createGrpcTransport({
    baseUrl: `${setup.authority ? 'https' : 'http'}://${address}`,
    nodeOptions: { ca: setup.authority ?? undefined },
    interceptors: [show],
  });
  const client = createClient(OrderService, withDeadlines(transport));
  const adapted = { watchOrders: client.watchOrders };
  for (const rpc of OrderService.methods.filter((it) => it.methodKind === 'unary')) {
    adapted[rpc.localName] = (request, { metadata, onHeaders, ...options } = {}) =>
      client[rpc.localName](request, {
        ...options,
        headers: metadata,
        onHeader: (headers) => onHeaders?.(Object.fromEntries(headers)),
      });
  }
  return adapted;
}

/** As the specification spells it. */
function named(code) {
  const name = byConnect ? Code[code] : grpc.status[code];
  const spelled = name?.replace(/(?<=[a-z])(?=[A-Z])/g, '_').toUpperCase();
  return spelled === 'CANCELED' ? 'CANCELLED' : spelled;
}

function reachByGrpc(address, token) {
  return connect(address, {
    authority: setup.authority ?? undefined,
    plaintext: !setup.authority,
    token: token ? () => token : undefined,
  }).client(OrderService);
}

const clients = {
  plain: reach(setup.address, setup.token),
  silent: reach(setup.silent, setup.token),
  anonymous: reach(setup.address, null),
};

function filled(value, saved) {
  if (typeof value === 'string') {
    return value.replace(/\$\{(\w+)\}/g, (_, name) => saved[name]);
  }
  if (Array.isArray(value)) {
    return value.map((it) => filled(it, saved));
  }
  if (value && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, filled(it, saved)]));
  }
  return value;
}

const at = (value, path) => path.split('.').reduce((it, part) => it?.[part], value);

function wrong(what) {
  throw new Error(what);
}

async function call(client, step, saved) {
  const rpc = OrderService.methods.find((it) => it.name === step.call);
  const request = fromJson(rpc.input, filled(step.request, saved));
  if (step.pad) {
    request.order.note = 'x'.repeat(step.pad);
    const excess = toBinary(rpc.input, request).length - step.pad;
    request.order.note = 'x'.repeat(step.pad - excess);
  }
  const cancelling = new AbortController();
  if (step.cancel_ms) {
    setTimeout(() => cancelling.abort(), step.cancel_ms);
  }
  let headers = {};
  let response;
  let error;
  try {
    response = await client[rpc.localName](request, {
      timeoutMs: step.timeout_ms,
      metadata: step.metadata,
      signal: cancelling.signal,
      onHeaders: (them) => (headers = them),
    });
  } catch (failed) {
    error = failed;
  }
  const code = error ? (named(error.code) ?? String(error)) : 'OK';
  if (code !== (step.code ?? 'OK')) {
    wrong(`${step.call} ended with ${code} ${error?.message ?? ''}`);
  }
  if (error) {
    if (step.reason && reason(error) !== step.reason) {
      wrong(`reason ${reason(error)}`);
    }
    if (step.has_reason && !reason(error)) {
      wrong('no reason');
    }
    for (const field of step.violations ?? []) {
      if (!(field in violations(error))) {
        wrong(`${field} is not in ${JSON.stringify(violations(error))}`);
      }
    }
    return;
  }
  const said = toJson(rpc.output, response);
  for (const [path, wanted] of Object.entries(filled(step.equal ?? {}, saved))) {
    if (at(said, path) !== wanted) {
      wrong(`${path} is ${at(said, path)}, not ${wanted}`);
    }
  }
  for (const [name, wanted] of Object.entries(step.headers ?? {})) {
    if (headers[name] !== wanted) {
      wrong(`header ${name} is ${headers[name]}`);
    }
  }
  for (const [name, path] of Object.entries(step.save ?? {})) {
    saved[name] = at(said, path);
  }
}

async function watch(step) {
  const seen = [];
  let began;
  const beginning = new Promise((resolve) => (began = resolve));
  const watching = (async () => {
    for await (const response of resume(clients.plain.watchOrders, { filter: step.filter })) {
      began();
      if (response.order) {
        seen.push(Number(response.order.note));
      }
      if (seen.length === step.create) {
        return;
      }
    }
  })();
  await Promise.race([beginning, sleep(10_000, undefined, { ref: false }), watching]);
  const create = OrderService.method.createOrder;
  for (let number = 0; number < step.create; number += 1) {
    const request = fromJson(create.input, step.request);
    request.order.note = String(number);
    request.requestId = randomUUID();
    await clients.plain.createOrder(request);
    await sleep(step.every_ms);
  }
  await Promise.race([watching, sleep(20_000, undefined, { ref: false })]);
  const all = Array.from({ length: step.create }, (_, number) => number);
  if (seen.join() !== all.join()) {
    wrong(`saw ${seen} instead of ${step.create} in sequence`);
  }
}

for (const scenario of setup.scenarios) {
  const saved = { request_id: randomUUID() };
  try {
    for (const step of scenario.steps) {
      if (step.watch) {
        await watch(step);
        continue;
      }
      const client = step.silent ? clients.silent : step.anonymous ? clients.anonymous : clients.plain;
      const end = Date.now() + (step.for_ms ?? 0);
      do {
        await call(client, step, saved);
      } while (Date.now() < end);
    }
    console.log(`ok ${scenario.name}`);
  } catch (failed) {
    console.log(`FAIL ${scenario.name}: ${failed}`);
  }
}
process.exit(0);
