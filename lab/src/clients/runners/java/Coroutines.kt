import acme.order.v1.CreateOrderRequest
import acme.order.v1.GetOrderRequest
import acme.order.v1.ListOrdersRequest
import acme.order.v1.OrderServiceGrpcKt.OrderServiceCoroutineStub
import acme.order.v1.UpdateOrderRequest
import acme.order.v1.WatchOrdersRequest
import acme.order.v1.WatchOrdersResponse
import acme.orderservice.client.resume
import com.google.protobuf.Message
import io.grpc.Channel
import io.grpc.ClientInterceptors
import io.grpc.stub.MetadataUtils
import java.util.concurrent.TimeUnit
import java.util.function.Predicate
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.takeWhile
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.supervisorScope

/** Kotlin's stubs. */
class Coroutines(private val channel: Channel) : Caller {
  override fun call(rpc: String, request: Message, how: Caller.How): Message = runBlocking {
    val capturing = MetadataUtils.newCaptureMetadataInterceptor(how.headers(), how.trailers())
    var stub = OrderServiceCoroutineStub(ClientInterceptors.intercept(channel, capturing))
    how.timeoutMillis().ifPresent { stub = stub.withDeadlineAfter(it, TimeUnit.MILLISECONDS) }
    supervisorScope {
      val call = async(Dispatchers.IO, CoroutineStart.DEFAULT) {
        when (rpc) {
          "CreateOrder" -> stub.createOrder(request as CreateOrderRequest, how.sent())
          "GetOrder" -> stub.getOrder(request as GetOrderRequest, how.sent())
          "ListOrders" -> stub.listOrders(request as ListOrdersRequest, how.sent())
          else -> stub.updateOrder(request as UpdateOrderRequest, how.sent())
        }
      }
      how.cancelMillis().ifPresent { after ->
        launch {
          delay(after)
          call.cancel()
        }
      }
      call.await()
    }
  }

  override fun watch(request: WatchOrdersRequest, handle: Predicate<WatchOrdersResponse>) = runBlocking {
    resume(request, { OrderServiceCoroutineStub(channel).watchOrders(it) })
      .takeWhile { handle.test(it) }
      .collect {}
  }
}
