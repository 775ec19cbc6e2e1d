//! Which services the shop has, and how the template is asked for them.

/// One of them; what a person wrote of it is in `shop/services/NAME`.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    /// Answers to the template's questions.
    pub(crate) answers: &'static [&'static str],
    /// What it offers, by `cargo xtask adopt`: paths below the repository.
    pub(crate) protos: &'static [&'static str],
    /// Whom it calls, by `cargo xtask add upstream`: name and .proto.
    pub(crate) upstreams: &'static [(&'static str, &'static str)],
}

/// As the order service that was made has them.
const INVENTORY: &str = "shop/made/order-service/proto/acme/inventory/v1/inventory.proto";

const ORDER: &str = "shop/made/order-service/proto/acme/order/v1/order.proto";

/// In the sequence in which they are made. None calls one that starts later.
pub(crate) const SERVICES: [Service; 4] = [
    Service {
        name: "order-service",
        answers: &["store=sqlite"],
        protos: &[],
        upstreams: &[("payment", "shop/proto/acme/payment/v1/payment.proto")],
    },
    Service {
        name: "inventory-service",
        answers: &["sample=none", "hello=no"],
        protos: &[INVENTORY, "shop/proto/acme/inventory/v1/stock.proto"],
        upstreams: &[],
    },
    Service {
        name: "payment-service",
        answers: &["sample=none", "hello=no"],
        protos: &["shop/proto/acme/payment/v1/payment.proto"],
        upstreams: &[],
    },
    // Nobody outside has anything to do with payments.
    Service {
        name: "shop-gateway",
        answers: &["sample=gateway", "hello=no"],
        protos: &[ORDER, "shop/proto/acme/inventory/v1/stock.proto"],
        upstreams: &[],
    },
];
