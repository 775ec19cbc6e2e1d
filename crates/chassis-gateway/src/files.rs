//! A web page beside the rpcs: its files, with what browsers are to make of them.

use std::path::Path;

use http::header::{self, HeaderValue};
use http::{Request, Response, StatusCode};
use tonic::body::Body;
use tower::ServiceExt as _;
use tower_http::services::{ServeDir, ServeFile};

/// What a page may do unless a setting says otherwise: nothing but what comes from here,
/// no code or style that stands in the page, and no page around it.
pub(crate) const POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// Files of this kind of name never change: a year, the most that means something.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// All others are asked for again, and answered 304.
const ASK: HeaderValue = HeaderValue::from_static("no-cache");
/// Least hexadecimal digits of a content's hash in a name.
const LEAST_DIGITS: usize = 8;

/// A folder of files.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    folder: ServeDir,
    index: ServeFile,
    policy: HeaderValue,
}

impl Files {
    /// Those of `dir`; each is sent as its `.gz` or `.br` beside it where the browser
    /// takes that.
    pub(crate) fn new(dir: &Path, policy: HeaderValue) -> Self {
        let folder = ServeDir::new(dir)
            .append_index_html_on_directories(false)
            .precompressed_br()
            .precompressed_gzip();
        let index = ServeFile::new(dir.join("index.html"))
            .precompressed_br()
            .precompressed_gzip();
        Self {
            folder,
            index,
            policy,
        }
    }

    /// The file at the request's path; for a path that is no file's, the page, which
    /// knows its own addresses.
    pub(crate) async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let path = request.uri().path().to_owned();
        let answer = if names_a_file(&path) {
            self.folder.clone().oneshot(request).await
        } else {
            self.index.clone().oneshot(request).await
        };
        let mut answer = match answer {
            Ok(answer) => answer.map(Body::new),
            Err(never) => match never {},
        };
        let is_there = matches!(
            answer.status(),
            StatusCode::OK | StatusCode::PARTIAL_CONTENT | StatusCode::NOT_MODIFIED
        );
        let kept = if is_there && names_a_file(&path) && is_immutable(&path) {
            FOREVER
        } else {
            ASK
        };
        let headers = answer.headers_mut();
        headers.insert(header::CACHE_CONTROL, kept);
        headers.insert(header::CONTENT_SECURITY_POLICY, self.policy.clone());
        for (name, value) in [
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, "DENY"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let isolated = HeaderValue::from_static("same-origin");
        headers.insert("cross-origin-opener-policy", isolated);
        answer
    }
}

fn last_part(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// Whether a path's last part has an extension.
fn names_a_file(path: &str) -> bool {
    last_part(path)
        .rsplit_once('.')
        .is_some_and(|(name, extension)| !name.is_empty() && !extension.is_empty())
}

/// Whether the name has its content's hash in it, as build tools write it:
/// `page-5a0c4d2e9b1f7a36.js`.
fn is_immutable(path: &str) -> bool {
    let name = last_part(path).split('.').next().unwrap_or_default();
    let hash = name.rsplit(['-', '_']).find(|part| {
        part.len() >= LEAST_DIGITS && part.bytes().all(|digit| digit.is_ascii_hexdigit())
    });
    hash.is_some_and(|hash| hash.len() < name.len())
}

#[cfg(test)]
mod tests {
    use super::{is_immutable, names_a_file};

    #[test]
    fn only_a_hash_makes_a_name_immutable() {
        for forever in ["/page-5a0c4d2e9b1f7a36.js", "/a/page-0123abcd_bg.wasm"] {
            assert!(is_immutable(forever), "{forever}");
        }
        for not in [
            "/",
            "/index.html",
            "/page-facade.js",
            "/5a0c4d2e9b1f7a36.js",
            "/orders/01a20ad8-b653-7531-8ef6-4949d61e6c38",
        ] {
            let is = is_immutable(not) && names_a_file(not);
            assert!(!is, "{not}");
        }
    }

    #[test]
    fn what_has_an_extension_is_a_file() {
        for file in ["/a.js", "/b/c.d.css"] {
            assert!(names_a_file(file), "{file}");
        }
        for page in ["/", "/orders/7", "/v1.2/orders", "/.hidden", "/a."] {
            assert!(!names_a_file(page), "{page}");
        }
    }
}
