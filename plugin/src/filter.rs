//! What Envoy calls.

use std::rc::Rc;

use proxy_wasm::traits::{Context, HttpContext, RootContext};
use proxy_wasm::types::{Action, ContextType, GrpcStatusCode, LogLevel};

use crate::{Head, MOST, Refusal, Table, Verdict, has_text};

#[allow(unsafe_code, reason = "the macro names the symbol that Envoy calls")]
mod start {
    proxy_wasm::main! {{
        proxy_wasm::set_log_level(super::LogLevel::Warn);
        proxy_wasm::set_root_context(|_| Box::<super::Plugin>::default());
    }}
}

#[derive(Default)]
struct Plugin {
    table: Rc<Table>,
}

impl Context for Plugin {}

impl RootContext for Plugin {
    fn on_configure(&mut self, _: usize) -> bool {
        let json = self.get_plugin_configuration().unwrap_or_default();
        match Table::parse(&json) {
            Ok(table) => self.table = Rc::new(table),
            Err(error) => {
                log(&format!("the configuration is not understood: {error}"));
                return false;
            }
        }
        true
    }

    fn create_http_context(&self, _: u32) -> Option<Box<dyn HttpContext>> {
        Some(Box::new(Call {
            table: Rc::clone(&self.table),
            needs: None,
        }))
    }

    fn get_type(&self) -> Option<ContextType> {
        Some(ContextType::HttpContext)
    }
}

fn log(message: &str) {
    // Where there is no log, there is nobody to tell.
    let _ = proxy_wasm::hostcalls::log(LogLevel::Error, message);
}

/// One call.
struct Call {
    table: Rc<Table>,
    /// The field that its message must have, or else what is said.
    needs: Option<(u32, Refusal)>,
}

impl Call {
    fn refuse(&self, refusal: &Refusal) -> Action {
        let code = match refusal.code {
            crate::refusal::UNIMPLEMENTED => GrpcStatusCode::Unimplemented,
            _ => GrpcStatusCode::InvalidArgument,
        };
        let details = refusal.details();
        self.send_grpc_response(
            code,
            Some(&refusal.message),
            vec![("grpc-status-details-bin", details.as_bytes())],
        );
        Action::Pause
    }
}

impl Context for Call {}

impl HttpContext for Call {
    fn on_http_request_headers(&mut self, _: usize, ended: bool) -> Action {
        let header = |name| self.get_http_request_header(name);
        let is_grpc =
            header("content-type").is_some_and(|kind| kind.starts_with("application/grpc"));
        if !is_grpc {
            return Action::Continue;
        }
        let (path, timeout) = (header(":path").unwrap_or_default(), header("grpc-timeout"));
        let previous_attempts = header("grpc-previous-rpc-attempts");
        let attempt = header("x-envoy-attempt-count");
        let head = Head {
            path: &path,
            timeout: timeout.as_deref(),
            previous_attempts: previous_attempts.as_deref(),
            attempt: attempt.as_deref(),
        };
        match self.table.judge(&head) {
            Verdict::Passes => Action::Continue,
            Verdict::Refused(refusal) => self.refuse(&refusal),
            Verdict::Needs { .. } if ended => Action::Continue,
            Verdict::Needs { field, otherwise } => {
                self.needs = Some((field, otherwise));
                // While headers are held, Envoy holds the message from here too; so they
                // go on, and the message is what does not.
                Action::Continue
            }
        }
    }

    fn on_http_request_body(&mut self, size: usize, ended: bool) -> Action {
        let Some((field, otherwise)) = self.needs.take() else {
            return Action::Continue;
        };
        let body = self.get_http_request_body(0, size.min(MOST + 5));
        match has_text(&body.unwrap_or_default(), field) {
            Some(false) => self.refuse(&otherwise),
            None if !ended && size < MOST + 5 => {
                self.needs = Some((field, otherwise));
                Action::Pause
            }
            _ => Action::Continue,
        }
    }
}
