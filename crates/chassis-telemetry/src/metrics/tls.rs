//! Certificates and handshakes of the gRPC port.

use std::time::SystemTime;

use opentelemetry::KeyValue;

use super::{Counter, Metrics};

impl Metrics {
    /// Counts connections that did not get through their handshake; `reason` is
    /// one of a fixed set.
    #[must_use]
    pub fn failed_handshakes(&self, reason: &'static str) -> Counter {
        self.counter(
            "tls.server.handshake.failures",
            "{connection}",
            "Connections that did not get through their handshake.",
            &[KeyValue::new("reason", reason)],
        )
    }

    /// Observes when the server's certificate expires.
    pub fn observe_expiry(&self, expires: impl Fn() -> Option<SystemTime> + Send + Sync + 'static) {
        let Some(meter) = self.meter() else {
            return;
        };
        meter
            .f64_observable_gauge("tls.server.certificate.expiry")
            .with_unit("s")
            .with_description("Time until the server's certificate expires; negative after that.")
            .with_callback(move |gauge| {
                if let Some(expires) = expires() {
                    let now = SystemTime::now();
                    let left = expires.duration_since(now).map_or_else(
                        |past| -past.duration().as_secs_f64(),
                        |left| left.as_secs_f64(),
                    );
                    gauge.observe(left, &[]);
                }
            })
            .build();
    }
}
