import acme.order.v1.WatchOrdersRequest;
import acme.order.v1.WatchOrdersResponse;
import com.google.protobuf.Message;
import io.grpc.Metadata;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Predicate;

/** How a language calls. */
public interface Caller {
  /** Calls an rpc; after a while it is over, or given up, if so. */
  Message call(String rpc, Message request, How how) throws Exception;

  /** Watches until it is told false. */
  void watch(WatchOrdersRequest request, Predicate<WatchOrdersResponse> handle) throws Exception;

  /** What a step says besides. */
  record How(
      Optional<Long> timeoutMillis,
      Optional<Long> cancelMillis,
      Metadata sent,
      AtomicReference<Metadata> headers,
      AtomicReference<Metadata> trailers) {}
}
