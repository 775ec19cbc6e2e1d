"""Is checked by mypy only: the types are those of the .proto."""

from acme.order.v1 import order_pb2, order_pb2_grpc
from order_service_client import connect, reason, resume

stub = order_pb2_grpc.OrderServiceStub(connect("localhost:50051"))
order = stub.CreateOrder(order_pb2.CreateOrderRequest(request_id="a"))
name: str = order.name
number: int = order.name  # type: ignore[assignment]
for response in resume(stub.WatchOrders, order_pb2.WatchOrdersRequest()):
    token: str = response.resume_token
