import acme.order.v1.CreateOrderRequest;
import acme.order.v1.GetOrderRequest;
import acme.order.v1.ListOrdersRequest;
import acme.order.v1.OrderServiceGrpc;
import acme.order.v1.UpdateOrderRequest;
import acme.order.v1.WatchOrdersRequest;
import acme.order.v1.WatchOrdersResponse;
import acme.orderservice.client.Connection;
import acme.orderservice.client.Errors;
import acme.orderservice.client.Watch;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.stub.MetadataUtils;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Predicate;

/** Carries out the scenarios with the Maven artifacts: java Main SETUP [kotlin] */
public final class Main {
  static final ScheduledExecutorService TIMER = Executors.newScheduledThreadPool(1);

  private final Function<Channel, Caller> language;
  private final JsonObject setup;
  private final Map<String, Caller> callers = new HashMap<>();

  private Main(JsonObject setup, Function<Channel, Caller> language) {
    this.setup = setup;
    this.language = language;
    Optional<String> token = text(setup, "token");
    callers.put("plain", reach("address", token));
    callers.put("silent", reach("silent", token));
    callers.put("anonymous", reach("address", Optional.empty()));
  }

  private Caller reach(String address, Optional<String> token) {
    Connection connection = Connection.to(text(setup, address).orElseThrow());
    text(setup, "authority")
        .map(pem -> connection.authority(pem.getBytes(StandardCharsets.UTF_8)))
        .orElseGet(connection::plaintext);
    token.ifPresent(it -> connection.token(() -> it));
    return language.apply(connection.build());
  }

  public static void main(String[] arguments) throws Exception {
    JsonObject setup =
        JsonParser.parseString(Files.readString(Path.of(arguments[0]))).getAsJsonObject();
    boolean kotlin = arguments.length > 1;
    Main main = new Main(setup, kotlin ? Coroutines::new : Stubs::new);
    for (JsonElement it : setup.getAsJsonArray("scenarios")) {
      JsonObject scenario = it.getAsJsonObject();
      String name = scenario.get("name").getAsString();
      try {
        main.run(scenario);
        System.out.println("ok " + name);
      } catch (Exception failed) {
        System.out.println("FAIL " + name + ": " + String.valueOf(failed).replace('\n', ' '));
      }
    }
    System.exit(0);
  }

  private void run(JsonObject scenario) throws Exception {
    Map<String, String> saved = new HashMap<>(Map.of("request_id", UUID.randomUUID().toString()));
    for (JsonElement it : scenario.getAsJsonArray("steps")) {
      JsonObject step = it.getAsJsonObject();
      if (step.has("watch")) {
        watch(step);
        continue;
      }
      String who = step.has("silent") ? "silent" : step.has("anonymous") ? "anonymous" : "plain";
      long end = System.nanoTime() + millis(step, "for_ms").orElse(0L) * 1_000_000;
      do {
        call(callers.get(who), step, saved);
      } while (System.nanoTime() < end);
    }
  }

  private static void call(Caller caller, JsonObject step, Map<String, String> saved)
      throws Exception {
    String rpc = step.get("call").getAsString();
    Message request = request(rpc, step, saved);
    Metadata sent = new Metadata();
    object(step, "metadata").entrySet().forEach(it -> sent.put(key(it.getKey()), it.getValue().getAsString()));
    AtomicReference<Metadata> headers = new AtomicReference<>();
    Caller.How how =
        new Caller.How(
            millis(step, "timeout_ms"), millis(step, "cancel_ms"), sent, headers, new AtomicReference<>());
    Message response = null;
    Throwable error = null;
    try {
      response = caller.call(rpc, request, how);
    } catch (ExecutionException failed) {
      error = failed.getCause();
    } catch (Exception failed) {
      error = failed;
    }
    String code = error == null ? "OK" : code(error);
    if (!code.equals(text(step, "code").orElse("OK"))) {
      throw new Exception(rpc + " ended with " + code + " " + error);
    }
    if (error != null) {
      String reason = Errors.reason(error);
      if (!reason.equals(text(step, "reason").orElse(reason)) || step.has("has_reason") && reason.isEmpty()) {
        throw new Exception("reason " + reason);
      }
      if (step.has("violations")) {
        Map<String, String> found = Errors.violations(error);
        for (JsonElement field : step.getAsJsonArray("violations")) {
          if (!found.containsKey(field.getAsString())) {
            throw new Exception(field + " is not in " + found);
          }
        }
      }
      return;
    }
    JsonObject said = JsonParser.parseString(JsonFormat.printer().print(response)).getAsJsonObject();
    for (Map.Entry<String, JsonElement> it : object(step, "equal").entrySet()) {
      String wanted = filled(it.getValue().getAsString(), saved);
      String found = at(said, it.getKey());
      if (!wanted.equals(found)) {
        throw new Exception(it.getKey() + " is " + found + ", not " + wanted);
      }
    }
    for (Map.Entry<String, JsonElement> it : object(step, "headers").entrySet()) {
      String found = headers.get().get(key(it.getKey()));
      if (!it.getValue().getAsString().equals(found)) {
        throw new Exception("header " + it.getKey() + " is " + found);
      }
    }
    for (Map.Entry<String, JsonElement> it : object(step, "save").entrySet()) {
      saved.put(it.getKey(), at(said, it.getValue().getAsString()));
    }
  }

  static String code(Throwable error) {
    if (error instanceof java.util.concurrent.CancellationException) {
      return "CANCELLED";
    }
    return Status.fromThrowable(error).getCode().name();
  }

  private static Message request(String rpc, JsonObject step, Map<String, String> saved)
      throws Exception {
    Message.Builder request =
        switch (rpc) {
          case "CreateOrder" -> CreateOrderRequest.newBuilder();
          case "GetOrder" -> GetOrderRequest.newBuilder();
          case "ListOrders" -> ListOrdersRequest.newBuilder();
          case "UpdateOrder" -> UpdateOrderRequest.newBuilder();
          default -> throw new Exception(rpc + " is not known");
        };
    JsonFormat.parser().merge(filled(step.get("request").toString(), saved), request);
    if (step.has("pad")) {
      int pad = step.get("pad").getAsInt();
      CreateOrderRequest.Builder padded = (CreateOrderRequest.Builder) request;
      padded.getOrderBuilder().setNote("x".repeat(pad));
      padded.getOrderBuilder().setNote("x".repeat(2 * pad - padded.build().getSerializedSize()));
    }
    return request.build();
  }

  private void watch(JsonObject step) throws Exception {
    int count = step.get("create").getAsInt();
    CountDownLatch began = new CountDownLatch(1);
    AtomicInteger next = new AtomicInteger();
    CompletableFuture<Void> watched = new CompletableFuture<>();
    Caller caller = callers.get("plain");
    WatchOrdersRequest request =
        WatchOrdersRequest.newBuilder().setFilter(step.get("filter").getAsString()).build();
    Predicate<WatchOrdersResponse> handle =
        response -> {
          began.countDown();
          if (response.hasOrder()) {
            int number = Integer.parseInt(response.getOrder().getNote());
            if (number != next.getAndIncrement()) {
              throw new IllegalStateException("saw " + number + " instead of " + (next.get() - 1));
            }
          }
          return next.get() < count;
        };
    Thread thread =
        new Thread(
            () -> {
              try {
                caller.watch(request, handle);
                watched.complete(null);
              } catch (Exception failed) {
                watched.completeExceptionally(failed);
              }
            });
    thread.setDaemon(true);
    thread.start();
    if (!began.await(10, TimeUnit.SECONDS)) {
      throw new Exception("the watch does not begin");
    }
    for (int number = 0; number < count; number++) {
      CreateOrderRequest.Builder made = CreateOrderRequest.newBuilder();
      JsonFormat.parser().merge(step.get("request").toString(), made);
      made.setRequestId(UUID.randomUUID().toString()).getOrderBuilder().setNote("" + number);
      Caller.How plainly =
          new Caller.How(
              Optional.empty(), Optional.empty(), new Metadata(), new AtomicReference<>(), new AtomicReference<>());
      caller.call("CreateOrder", made.build(), plainly);
      Thread.sleep(step.get("every_ms").getAsLong());
    }
    watched.get(20, TimeUnit.SECONDS);
  }

  private static Metadata.Key<String> key(String name) {
    return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
  }

  private static String filled(String text, Map<String, String> saved) {
    for (Map.Entry<String, String> it : saved.entrySet()) {
      text = text.replace("${" + it.getKey() + "}", it.getValue());
    }
    return text;
  }

  private static String at(JsonObject value, String path) {
    JsonElement found = value;
    for (String part : path.split("\\.")) {
      found = found == null ? null : found.getAsJsonObject().get(part);
    }
    return found == null ? null : found.getAsString();
  }

  private static Optional<String> text(JsonObject from, String name) {
    JsonElement found = from.get(name);
    return found == null || found.isJsonNull() ? Optional.empty() : Optional.of(found.getAsString());
  }

  private static Optional<Long> millis(JsonObject from, String name) {
    return Optional.ofNullable(from.get(name)).map(JsonElement::getAsLong);
  }

  private static JsonObject object(JsonObject from, String name) {
    return from.has(name) ? from.getAsJsonObject(name) : new JsonObject();
  }

  /** Java's own stubs. */
  private record Stubs(Channel channel) implements Caller {
    @Override
    public Message call(String rpc, Message request, How how) throws Exception {
      Channel with =
          ClientInterceptors.intercept(
              channel,
              MetadataUtils.newAttachHeadersInterceptor(how.sent()),
              MetadataUtils.newCaptureMetadataInterceptor(how.headers(), how.trailers()));
      OrderServiceGrpc.OrderServiceFutureStub stub = OrderServiceGrpc.newFutureStub(with);
      if (how.timeoutMillis().isPresent()) {
        stub = stub.withDeadlineAfter(how.timeoutMillis().get(), TimeUnit.MILLISECONDS);
      }
      ListenableFuture<? extends Message> call =
          switch (rpc) {
            case "CreateOrder" -> stub.createOrder((CreateOrderRequest) request);
            case "GetOrder" -> stub.getOrder((GetOrderRequest) request);
            case "ListOrders" -> stub.listOrders((ListOrdersRequest) request);
            default -> stub.updateOrder((UpdateOrderRequest) request);
          };
      how.cancelMillis()
          .ifPresent(after -> TIMER.schedule(() -> call.cancel(true), after, TimeUnit.MILLISECONDS));
      return call.get();
    }

    @Override
    public void watch(WatchOrdersRequest request, Predicate<WatchOrdersResponse> handle)
        throws Exception {
      Watch.resume(request, OrderServiceGrpc.newBlockingStub(channel)::watchOrders, handle);
    }
  }
}
