"""Carries out the scenarios with the Python package: python main.py SETUP [aio]

SETUP is a JSON text: addresses, authority, token, transport, scenarios.
"""

import asyncio
import json
import sys
import threading
import time
from pathlib import Path
from uuid import uuid4

import grpc
from acme.order.v1 import order_pb2, order_pb2_grpc
from google.protobuf import json_format
from order_service_client import (
    connect,
    connect_aio,
    reason,
    resume,
    resume_aio,
    violations,
)

REQUESTS = {
    rpc: getattr(order_pb2, f"{rpc}Request")
    for rpc in ("CreateOrder", "GetOrder", "ListOrders", "UpdateOrder", "WatchOrders")
}


class Wrong(Exception):
    """Something came that should not have."""


def filled(value, saved):
    """`value`, with what was saved in place of its names."""
    if isinstance(value, dict):
        return {name: filled(it, saved) for name, it in value.items()}
    if isinstance(value, list):
        return [filled(it, saved) for it in value]
    if isinstance(value, str):
        for name, it in saved.items():
            value = value.replace("${%s}" % name, it)
    return value


def made(step, saved):
    request = json_format.ParseDict(filled(step["request"], saved), REQUESTS[step["call"]]())
    if "pad" in step:
        request.order.note = "x" * step["pad"]
        request.order.note = "x" * (2 * step["pad"] - request.ByteSize())
    return request


def judge(step, saved, response, error, headers):
    code = error.code().name if error else "OK"
    if code != step.get("code", "OK"):
        raise Wrong(f"{step['call']} ended with {code} {error.details() if error else ''}")
    if error:
        if "reason" in step and reason(error) != step["reason"]:
            raise Wrong(f"reason {reason(error)}")
        if step.get("has_reason") and not reason(error):
            raise Wrong("no reason")
        missing = set(step.get("violations", ())) - set(violations(error))
        if missing:
            raise Wrong(f"{missing} not in {violations(error)}")
        return
    said = json_format.MessageToDict(response)
    for path, wanted in filled(step.get("equal", {}), saved).items():
        if at(said, path) != wanted:
            raise Wrong(f"{path} is {at(said, path)!r}, not {wanted!r}")
    for name, wanted in step.get("headers", {}).items():
        if headers.get(name) != wanted:
            raise Wrong(f"header {name} is {headers.get(name)!r}")
    for name, path in step.get("save", {}).items():
        saved[name] = at(said, path)


def at(value, path):
    for part in path.split("."):
        value = value.get(part) if value else None
    return value


def expected(count, seen):
    if seen != list(range(count)):
        raise Wrong(f"saw {seen} instead of {count} in sequence")


class Sync:
    """With threads."""

    def __init__(self, setup):
        def stub(address, token):
            channel = connect(
                address,
                authority=setup.get("authority") and setup.get("authority").encode(),
                plaintext=setup.get("authority") is None,
                token=(lambda: token) if token else None,
            )
            return order_pb2_grpc.OrderServiceStub(channel)

        self.plain = stub(setup["address"], setup.get("token"))
        self.silent = stub(setup["silent"], setup.get("token"))
        self.anonymous = stub(setup["address"], None)

    def run(self, scenario):
        saved = {"request_id": str(uuid4())}
        for step in scenario["steps"]:
            if "watch" in step:
                self.watch(step)
                continue
            stub = self.anonymous if step.get("anonymous") else self.plain
            stub = self.silent if step.get("silent") else stub
            end = time.monotonic() + step.get("for_ms", 0) / 1000
            self.call(stub, step, saved)
            while time.monotonic() < end:
                self.call(stub, step, saved)

    def call(self, stub, step, saved):
        timeout = step["timeout_ms"] / 1000 if "timeout_ms" in step else None
        metadata = tuple(step.get("metadata", {}).items())
        call = getattr(stub, step["call"]).future(
            made(step, saved), timeout=timeout, metadata=metadata
        )
        if "cancel_ms" in step:
            threading.Timer(step["cancel_ms"] / 1000, call.cancel).start()
        try:
            response, error = call.result(), None
        except grpc.FutureCancelledError:
            response, error = None, Cancelled()
        except grpc.RpcError as failed:
            response, error = None, failed
        headers = dict(call.initial_metadata() or ()) if error is None else {}
        judge(step, saved, response, error, headers)

    def watch(self, step):
        began, seen = threading.Event(), []

        def watching():
            request = order_pb2.WatchOrdersRequest(filter=step["filter"])
            for response in resume(self.plain.WatchOrders, request):
                began.set()
                if response.HasField("order"):
                    seen.append(int(response.order.note))
                if len(seen) == step["create"]:
                    return

        thread = threading.Thread(target=watching, daemon=True)
        thread.start()
        if not began.wait(10):
            raise Wrong("the watch does not begin")
        for number in range(step["create"]):
            request = json_format.ParseDict(step["request"], order_pb2.CreateOrderRequest())
            request.order.note, request.request_id = str(number), str(uuid4())
            self.plain.CreateOrder(request)
            time.sleep(step["every_ms"] / 1000)
        thread.join(20)
        expected(step["create"], seen)


class Cancelled:
    """What a future tells of its own cancellation."""

    @staticmethod
    def code():
        return grpc.StatusCode.CANCELLED

    @staticmethod
    def details():
        return "cancelled"

    @staticmethod
    def trailing_metadata():
        return ()


class Aio:
    """With asyncio."""

    def __init__(self, setup):
        def stub(address, token):
            channel = connect_aio(
                address,
                authority=setup.get("authority") and setup.get("authority").encode(),
                plaintext=setup.get("authority") is None,
                token=(lambda: token) if token else None,
            )
            return order_pb2_grpc.OrderServiceStub(channel)

        self.plain = stub(setup["address"], setup.get("token"))
        self.silent = stub(setup["silent"], setup.get("token"))
        self.anonymous = stub(setup["address"], None)

    async def run(self, scenario):
        saved = {"request_id": str(uuid4())}
        for step in scenario["steps"]:
            if "watch" in step:
                await self.watch(step)
                continue
            stub = self.anonymous if step.get("anonymous") else self.plain
            stub = self.silent if step.get("silent") else stub
            end = time.monotonic() + step.get("for_ms", 0) / 1000
            await self.call(stub, step, saved)
            while time.monotonic() < end:
                await self.call(stub, step, saved)

    async def call(self, stub, step, saved):
        timeout = step["timeout_ms"] / 1000 if "timeout_ms" in step else None
        metadata = tuple(step.get("metadata", {}).items())
        call = getattr(stub, step["call"])(made(step, saved), timeout=timeout, metadata=metadata)
        if "cancel_ms" in step:
            asyncio.get_running_loop().call_later(step["cancel_ms"] / 1000, call.cancel)
        try:
            response, error = await call, None
        except asyncio.CancelledError:
            response, error = None, Cancelled()
        except grpc.RpcError as failed:
            response, error = None, failed
        headers = dict(await call.initial_metadata() or ()) if error is None else {}
        judge(step, saved, response, error, headers)

    async def watch(self, step):
        began, seen = asyncio.Event(), []

        async def watching():
            request = order_pb2.WatchOrdersRequest(filter=step["filter"])
            async for response in resume_aio(self.plain.WatchOrders, request):
                began.set()
                if response.HasField("order"):
                    seen.append(int(response.order.note))
                if len(seen) == step["create"]:
                    return

        watch = asyncio.create_task(watching())
        await asyncio.wait_for(began.wait(), 10)
        for number in range(step["create"]):
            request = json_format.ParseDict(step["request"], order_pb2.CreateOrderRequest())
            request.order.note, request.request_id = str(number), str(uuid4())
            await self.plain.CreateOrder(request)
            await asyncio.sleep(step["every_ms"] / 1000)
        await asyncio.wait_for(watch, 20)
        expected(step["create"], seen)


def tell(scenario, failed):
    name = scenario["name"]
    print(f"FAIL {name}: {failed}" if failed else f"ok {name}", flush=True)


async def with_asyncio(setup):
    runner = Aio(setup)
    for scenario in setup["scenarios"]:
        try:
            await runner.run(scenario)
            tell(scenario, None)
        except Exception as failed:
            tell(scenario, repr(failed))


def with_threads(setup):
    runner = Sync(setup)
    for scenario in setup["scenarios"]:
        try:
            runner.run(scenario)
            tell(scenario, None)
        except Exception as failed:
            tell(scenario, repr(failed))


def main():
    setup = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    if sys.argv[2:] == ["aio"]:
        asyncio.run(with_asyncio(setup))
    else:
        with_threads(setup)


main()
