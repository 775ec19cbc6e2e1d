#{% capture source %}§{% raw %}
# Calls the service with the retries of its contract.
"""usage: python main.py ADDRESS SERVICE_CONFIG

SERVICE_CONFIG is a file written by `cargo contract service-config`; what proto/
imports is in target/protos, written by `cargo contract protos`.
"""

import sys
from pathlib import Path
from uuid import uuid4

import grpc

# Compiled when imported; a larger client would run grpc_tools.protoc once.
root = Path(__file__).resolve().parents[2]
sys.path += [str(root / "proto"), str(root / "target/protos")]
messages, services = grpc.protos_and_services("acme/order/v1/order.proto")

# grpcio fires the timeouts of a service config far too early, so the config has
# none and every call says its own.
SECONDS = 5


def main(address: str, service_config: str) -> int:
    options = [("grpc.service_config", Path(service_config).read_text())]
    with grpc.insecure_channel(address, options) as channel:
        stub = services.OrderServiceStub(channel)

        # The same request_id goes with every attempt: the server acts once.
        created = call(
            stub.CreateOrder,
            messages.CreateOrderRequest(
                order=messages.Order(
                    customer="alice",
                    items=[
                        messages.LineItem(
                            sku="widget",
                            quantity=2,
                            unit_price={"currency_code": "EUR", "units": 9},
                        )
                    ],
                ),
                request_id=str(uuid4()),
            ),
        )
        if created is None:
            return 1
        found = call(stub.GetOrder, messages.GetOrderRequest(name=created.name))

        # Never repeated by itself: only the caller knows whether that is right.
        changed = call(
            stub.UpdateOrder,
            messages.UpdateOrderRequest(
                order=messages.Order(
                    name=created.name, etag=created.etag, note="by the door"
                ),
                update_mask={"paths": ["note"]},
            ),
        )
        return 0 if found and changed else 1


def call(rpc, request):
    """Returns the response, or None after printing why there is none."""
    name = type(request).__name__.removesuffix("Request")
    try:
        response = rpc(request, timeout=SECONDS)
    except grpc.RpcError as error:
        print(f"{name}: {error.code().name} {error.details()}")
        return None
    print(f"{name}: OK {response.name}")
    return response


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
#{% endraw %}§{% endcapture %}{% assign source = source | split: kept_from | last | split: kept_to | first %}{% for sign in signs %}{% assign source = source | replace: sign[0], sign[1] %}{% endfor %}{% for cut in cuts %}{% assign pieces = source | split: cut[0] %}{% capture source %}{% for piece in pieces %}{% if forloop.first %}{{ piece }}{% else %}{% assign gone = piece | split: cut[1] | first | append: cut[1] %}{{ piece | remove_first: gone }}{% endif %}{% endfor %}{% endcapture %}{% endfor %}{% for edit in edits %}{% assign source = source | replace: edit[0], edit[1] %}{% endfor %}{{ source | rstrip }}
